//! `viseme-bare`: hyper alone. It answers every request with the same response, on one thread, as
//! `viseme-mock` does: what the mock server costs more is the mock server's own.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that prints where it listens"
)]

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use clap::Parser;
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpListener;

/// The mock server's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Answers every request with the same response. The first line on standard output is JSON with the port.
#[derive(Parser)]
struct Arguments {
    /// A header, as `NAME: VALUE`; hyper adds the date and the length
    #[arg(long = "header", value_parser = header)]
    headers: Vec<(HeaderName, HeaderValue)>,
    /// The body
    #[arg(long)]
    body: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match serve(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(arguments: Arguments) -> Result<()> {
    let headers: HeaderMap = arguments.headers.into_iter().collect();
    let body = Bytes::from(arguments.body);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!("{}", json!({ "port": listener.local_addr()?.port() }));
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (headers, body) = (headers.clone(), body.clone());
        let service = service_fn(move |_| {
            let mut response = Response::new(Full::new(body.clone()));
            response.headers_mut().clone_from(&headers);
            std::future::ready(Ok::<_, Infallible>(response))
        });
        tokio::spawn(async move {
            // The client ends the connection as it likes.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

fn header(text: &str) -> Result<(HeaderName, HeaderValue)> {
    let (name, value) = text.split_once(": ").context("a header must be `NAME: VALUE`")?;
    Ok((name.parse()?, value.parse()?))
}
