//! A TCP proxy in front of an S3 server, which loses requests and replies.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// The connection is closed before the server has heard of it.
    Request,
    /// The server has done it; then the connection is closed.
    Reply,
    /// The server has done it; the reply says 503.
    Unavailable,
    /// The server has done it; the reply says 500, with the text of an internal error.
    InternalError,
}

/// One request, as the proxy saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Its first line.
    pub line: String,
    /// What the server said to it: 0 if it was not asked.
    pub status: u16,
    pub loss: Option<Loss>,
}

/// Which requests are lost: those whose first line begins with, and holds, these texts.
#[derive(Debug, Clone)]
struct Rule {
    method: &'static str,
    holds: &'static str,
    loss: Loss,
    times: usize,
}

#[derive(Clone)]
pub struct Proxy {
    address: SocketAddr,
    server: String,
    rules: Arc<Mutex<Vec<Rule>>>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Proxy {
    /// A proxy in front of `endpoint`, for as long as the runtime lives.
    pub async fn start(endpoint: &str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let proxy = Self {
            address: listener.local_addr().unwrap(),
            server: endpoint.trim_start_matches("http://").to_owned(),
            rules: Arc::default(),
            seen: Arc::default(),
        };
        let serving = proxy.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let proxy = serving.clone();
                // A connection that breaks is what this is for.
                tokio::spawn(async move { drop(proxy.serve(client).await) });
            }
        });
        proxy
    }

    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Loses the next `times` requests of `method` whose first line holds `holds`.
    pub fn lose(&self, method: &'static str, holds: &'static str, loss: Loss, times: usize) {
        self.rules.lock().unwrap().push(Rule { method, holds, loss, times });
    }

    /// The requests since this was asked last. From now on none is lost any more.
    pub fn take_seen(&self) -> Vec<Seen> {
        self.rules.lock().unwrap().clear();
        std::mem::take(&mut self.seen.lock().unwrap())
    }

    /// One request for each connection.
    async fn serve(&self, mut client: TcpStream) -> std::io::Result<()> {
        let mut request = Vec::new();
        let head = loop {
            if let Some(end) = request.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break end + 4;
            }
            if client.read_buf(&mut request).await? == 0 {
                return Ok(());
            }
        };
        let text = String::from_utf8_lossy(&request[..head]).into_owned();
        let line = text.lines().next().unwrap_or_default().to_owned();
        let length: usize = text
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .map_or(0, |(_, length)| length.trim().parse().unwrap());
        while request.len() < head + length {
            if client.read_buf(&mut request).await? == 0 {
                return Ok(());
            }
        }
        let loss = self.loss(&line);
        if loss == Some(Loss::Request) {
            self.saw(line, 0, loss);
            return Ok(());
        }
        let mut server = TcpStream::connect(&self.server).await?;
        // The server is to close the connection, so that the end of the reply is seen.
        let rest = line.len() + 2;
        server.write_all(&request[..rest]).await?;
        server.write_all(b"connection: close\r\n").await?;
        server.write_all(&request[rest..]).await?;
        let mut reply = Vec::new();
        // A server that has not read all of a refused request resets the connection after its reply.
        let _ = server.read_to_end(&mut reply).await;
        let status = String::from_utf8_lossy(&reply[..reply.len().min(12)]);
        self.saw(line, status.rsplit(' ').next().unwrap().parse().unwrap_or(0), loss);
        match loss {
            Some(Loss::Reply) => return Ok(()),
            Some(Loss::Unavailable) => reply = answer("503 Service Unavailable", "SlowDown"),
            Some(Loss::InternalError) => reply = answer("500 Internal", "InternalError"),
            Some(Loss::Request) | None => {}
        }
        client.write_all(&reply).await?;
        client.shutdown().await
    }

    fn loss(&self, line: &str) -> Option<Loss> {
        let mut rules = self.rules.lock().unwrap();
        let rule = rules.iter_mut().find(|rule| {
            rule.times > 0 && line.starts_with(rule.method) && line.contains(rule.holds)
        })?;
        rule.times -= 1;
        Some(rule.loss)
    }

    fn saw(&self, line: String, status: u16, loss: Option<Loss>) {
        self.seen.lock().unwrap().push(Seen { line, status, loss });
    }
}

fn answer(status: &str, code: &str) -> Vec<u8> {
    let body = format!("<Error><Code>{code}</Code></Error>");
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
        .into_bytes()
}
