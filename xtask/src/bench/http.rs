//! As much HTTP/1.1 as a load program needs: requests one after the other over one connection.
//! A client of the usual kind would cost more than the servers it is to measure.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

/// A server that sends no response for so long counts as broken.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a connection that does not sleep keeps its core while it waits.
const SPIN: Duration = Duration::from_micros(50);

/// A status, and the body.
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

/// The bytes of a request that carries a key.
pub(super) fn request(method: &str, path: &str, key: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n\
         Authorization: Bearer {key}\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// A connection that is kept open.
pub(super) struct Connection {
    reader: BufReader<Patient>,
}

/// A stream that waits for the other side, asleep or not, as it is set.
struct Patient(TcpStream);

impl Patient {
    fn wait<T>(
        &mut self,
        mut action: impl FnMut(&mut TcpStream) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut started = None;
        loop {
            match action(&mut self.0) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return result,
            }
            match started.get_or_insert_with(Instant::now).elapsed() {
                waited if waited >= PATIENCE => return Err(io::ErrorKind::TimedOut.into()),
                // The server may need this core.
                waited if waited >= SPIN => std::thread::yield_now(),
                _ => std::hint::spin_loop(),
            }
        }
    }
}

impl io::Read for Patient {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.wait(|stream| stream.read(buffer))
    }
}

impl io::Write for Patient {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.wait(|stream| stream.write(buffer))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Connection {
    pub(super) fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { reader: BufReader::new(Patient(stream)) })
    }

    /// Makes it look for the response again and again, instead of asking to be woken.
    pub(super) fn without_sleep(self) -> Result<Self> {
        self.reader.get_ref().0.set_nonblocking(true)?;
        Ok(self)
    }

    /// Sends a request and reads its whole response.
    pub(super) fn exchange(&mut self, request: &[u8]) -> Result<Response> {
        self.send(request)?;
        self.receive()
    }

    /// Sends a request.
    pub(super) fn send(&mut self, request: &[u8]) -> Result<()> {
        Ok(self.reader.get_mut().write_all(request)?)
    }

    /// Reads the whole response to the request that was sent.
    pub(super) fn receive(&mut self) -> Result<Response> {
        let mut line = String::new();
        self.line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.with_context(|| format!("no status in {line:?}"))?;
        let framing = self.headers(&mut line)?;
        let body = match framing {
            Framing::Length(length) => self.bytes(length)?,
            Framing::Chunked => self.chunks(&mut line)?,
        };
        Ok(Response { status, body })
    }

    fn headers(&mut self, line: &mut String) -> Result<Framing> {
        let mut framing = Framing::Length(0);
        loop {
            self.line(line)?;
            let Some((name, value)) = line.split_once(':') else { return Ok(framing) };
            let value = value.trim();
            if name.eq_ignore_ascii_case("content-length") {
                framing = Framing::Length(value.parse().context("a length that is no number")?);
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                ensure!(value.eq_ignore_ascii_case("chunked"), "unknown framing {value:?}");
                framing = Framing::Chunked;
            } else if name.eq_ignore_ascii_case("connection") {
                ensure!(!value.eq_ignore_ascii_case("close"), "the server closes its connections");
            }
        }
    }

    fn chunks(&mut self, line: &mut String) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            self.line(line)?;
            let length = usize::from_str_radix(line.trim(), 16).context("a chunk's length")?;
            body.append(&mut self.bytes(length)?);
            self.line(line)?;
            if length == 0 {
                return Ok(body);
            }
        }
    }

    fn bytes(&mut self, length: usize) -> Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.reader.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn line(&mut self, line: &mut String) -> Result<()> {
        line.clear();
        if self.reader.read_line(line)? == 0 {
            bail!("the server closed the connection");
        }
        Ok(())
    }
}

enum Framing {
    Length(usize),
    Chunked,
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn reads_both_framings_over_one_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client");
            let mut received = [0; 1024];
            for response in [
                "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
                "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n1\r\nf\r\n0\r\n\r\n",
                "HTTP/1.1 204 No Content\r\n\r\n",
            ] {
                assert!(stream.read(&mut received).expect("a request") > 0);
                stream.write_all(response.as_bytes()).expect("sent");
            }
        });
        let mut connection = Connection::open(address).expect("connected");
        let mut exchange = || {
            let response =
                connection.exchange(&request("GET", "/", "key", "")).expect("a response");
            (response.status, String::from_utf8(response.body).expect("text"))
        };
        assert_eq!(exchange(), (200, "abc".to_owned()));
        assert_eq!(exchange(), (404, "def".to_owned()));
        assert_eq!(exchange(), (204, String::new()));
        server.join().expect("the server ends");
    }
}
