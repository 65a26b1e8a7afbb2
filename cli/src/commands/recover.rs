//! `viseme recover`.

use crate::args::Recover;
use crate::exit::Ending;
use crate::failure::Result;
use crate::interrupt::{Stage, Stages};
use crate::options::Options;
use crate::show::Show;
use crate::{connect, record, report};

pub(crate) async fn recover(options: &Options, recover: Recover) -> Result<Ending> {
    let record = record::read(&recover.record)?;
    let client = connect::online(options)?;
    let show = Show::new(options);
    show.say("looking for the job in the history of the account");
    let job = super::shown(client.recover(&record), &Stages::new(Stage::Nothing), &show).await?;
    report::job(&job, options)?;
    Ok(Ending::Done)
}
