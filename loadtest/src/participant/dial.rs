//! How a participant reaches the server: where from, with which headers, over which kind of connection.
//!
//! The driver opens its sockets here, `compare` and the load tester make their HTTP requests here, and odd tests take a [`RawSocket`] to say what no
//! well-behaved client would. Nothing here knows the contract beyond its paths.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue, Uri};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};

use super::fault::Trouble;

/// A handshake or an HTTP answer that takes longer than this is a failure. A server that starts anew needs less.
const ANSWER_MS_MAX: u64 = 20_000;
/// What is sent may take longer: a disk that is slower than 1 MB a second is broken.
const BODY_BYTES_PER_MS_MIN: u64 = 1_000;
/// Clients of a loopback server come from here unless told otherwise, so that one that retries a dead port cannot connect to
/// itself, which Linux allows and which would keep the port from the server that wants it back.
const LOOPBACK_SOURCE: Ipv4Addr = Ipv4Addr::new(127, 64, 0, 1);
/// The library's default of 128 KiB is touched on every read: at thousands of sockets that is the client's whole memory.
const READ_BUFFER_BYTES: usize = 2_048;
/// More than a log's replay in one frame ever is; a server that sends more is wrong.
const FRAME_BYTES_MAX: usize = 1 << 20;

/// Where the server is, and how to present oneself.
#[derive(Debug, Clone)]
pub struct Dial {
    host: String,
    port: u16,
    pub source: Option<IpAddr>,
    pub headers: Vec<(String, String)>,
}

impl Dial {
    /// `url` is the server's, as `http://127.0.0.1:8080`.
    ///
    /// # Errors
    /// The address cannot be used, with a sentence that says what would be.
    pub fn new(url: &str) -> Result<Self, Trouble> {
        let wrong = |why: &str| {
            Trouble::Setting(format!(
                "{url} {why}; give the server's address as http://127.0.0.1:8080"
            ))
        };
        let uri: Uri = url.parse().map_err(|_| wrong("is no URL"))?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => return Err(wrong("asks for TLS, which is not spoken here")),
            _ => return Err(wrong("has no scheme")),
        }
        let host = uri.host().ok_or_else(|| wrong("names no host"))?.to_owned();
        Ok(Self {
            host,
            port: uri.port_u16().unwrap_or(80),
            source: None,
            headers: Vec::new(),
        })
    }

    /// `http://host:port`, which the server itself counts as its own origin.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("http://{}:{}", self.host, self.port)
    }

    /// With a header set, in place of one of the same name.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers
            .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    #[must_use]
    pub fn without_header(mut self, name: &str) -> Self {
        self.headers
            .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self
    }

    #[must_use]
    pub fn with_source(mut self, source: IpAddr) -> Self {
        self.source = Some(source);
        self
    }

    fn unreachable(&self, reason: impl std::fmt::Display) -> Trouble {
        Trouble::Connect {
            address: format!("{}:{}", self.host, self.port),
            reason: reason.to_string(),
        }
    }

    /// A bare connection.
    ///
    /// # Errors
    /// [`Trouble::Connect`].
    pub async fn tcp(&self) -> Result<TcpStream, Trouble> {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        let found = tokio::net::lookup_host((host, self.port))
            .await
            .map_err(|problem| self.unreachable(problem))?;
        // `localhost` may name both families while the server listens on the first only.
        let address = found
            .min_by_key(SocketAddr::is_ipv6)
            .ok_or_else(|| self.unreachable("no address"))?;
        let socket = if address.is_ipv4() {
            TcpSocket::new_v4()
        } else {
            TcpSocket::new_v6()
        };
        let socket = socket.map_err(|problem| self.unreachable(problem))?;
        let default = (address.is_ipv4() && address.ip().is_loopback())
            .then_some(IpAddr::V4(LOOPBACK_SOURCE));
        if let Some(source) = self.source.or(default) {
            socket
                .bind(SocketAddr::new(source, 0))
                .map_err(|problem| self.unreachable(problem))?;
        }
        let stream = socket
            .connect(address)
            .await
            .map_err(|problem| self.unreachable(problem))?;
        stream
            .set_nodelay(true)
            .map_err(|problem| self.unreachable(problem))?;
        Ok(stream)
    }

    /// A WebSocket at `path`.
    ///
    /// # Errors
    /// [`Trouble::Connect`], or [`Trouble::Upgrade`] when the server answers with plain HTTP.
    pub async fn socket(&self, path: &str) -> Result<RawSocket, Trouble> {
        let stream = self.tcp().await?;
        let mut request = format!("ws://{}:{}{path}", self.host, self.port)
            .into_client_request()
            .map_err(|problem| Trouble::Setting(problem.to_string()))?;
        for (name, value) in &self.headers {
            let (name, value) = header(name, value)?;
            request.headers_mut().insert(name, value);
        }
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            .max_message_size(Some(FRAME_BYTES_MAX))
            .max_frame_size(Some(FRAME_BYTES_MAX));
        let shaking = tokio_tungstenite::client_async_with_config(request, stream, Some(config));
        match timeout(Duration::from_millis(ANSWER_MS_MAX), shaking).await {
            Err(_) => Err(self.unreachable(format!(
                "no answer to the upgrade within {ANSWER_MS_MAX} ms"
            ))),
            Ok(Ok((stream, _))) => Ok(RawSocket { stream }),
            Ok(Err(SocketError::Http(response))) => {
                let retry_after = response
                    .headers()
                    .get("retry-after")
                    .and_then(|value| value.to_str().ok());
                Err(Trouble::Upgrade {
                    status: response.status().as_u16(),
                    retry_after_s: retry_after.and_then(|seconds| seconds.parse().ok()),
                    body: response
                        .body()
                        .as_deref()
                        .map(|body| String::from_utf8_lossy(body).into_owned())
                        .unwrap_or_default(),
                })
            }
            Ok(Err(problem)) => Err(self.unreachable(problem)),
        }
    }

    /// One HTTP request on a connection of its own. `body` is sent as JSON.
    ///
    /// # Errors
    /// No connection, or no whole answer; any status is an answer.
    pub async fn http(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<HttpAnswer, Trouble> {
        let body = body.map(|body| ("application/json", Bytes::from(body.to_string())));
        self.http_within(method, path, body).await
    }

    /// The same with bytes of any kind as the body.
    ///
    /// # Errors
    /// As [`Dial::http`].
    pub async fn upload(
        &self,
        path: &str,
        content_type: &str,
        bytes: impl Into<Bytes>,
    ) -> Result<HttpAnswer, Trouble> {
        self.http_within("POST", path, Some((content_type, bytes.into())))
            .await
    }

    async fn http_within(
        &self,
        method: &str,
        path: &str,
        body: Option<(&str, Bytes)>,
    ) -> Result<HttpAnswer, Trouble> {
        let body_bytes = body.as_ref().map_or(0, |(_, bytes)| bytes.len() as u64);
        let answer_ms_max = ANSWER_MS_MAX + body_bytes / BODY_BYTES_PER_MS_MIN;
        let answering = self.http_answer(method, path, body);
        match timeout(Duration::from_millis(answer_ms_max), answering).await {
            Ok(answer) => answer,
            Err(_) => Err(self.unreachable(format!(
                "no answer to {method} {path} within {answer_ms_max} ms"
            ))),
        }
    }

    async fn http_answer(
        &self,
        method: &str,
        path: &str,
        body: Option<(&str, Bytes)>,
    ) -> Result<HttpAnswer, Trouble> {
        let stream = TokioIo::new(self.tcp().await?);
        let (mut sender, connection) = hyper::client::conn::http1::handshake(stream)
            .await
            .map_err(|problem| self.unreachable(problem))?;
        let mut request = hyper::Request::builder()
            .method(method)
            .uri(path)
            .header("host", format!("{}:{}", self.host, self.port));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let mut bytes = Bytes::new();
        if let Some((content_type, body)) = body {
            request = request
                .header("content-type", content_type)
                .header("content-length", body.len());
            bytes = body;
        }
        let request = request
            .body(Full::new(bytes))
            .map_err(|problem| Trouble::Setting(problem.to_string()))?;
        let exchange = async {
            let response = sender.send_request(request).await?;
            let (head, body) = response.into_parts();
            let body = body.collect().await?.to_bytes();
            drop(sender);
            Ok::<_, hyper::Error>((head, body))
        };
        // The connection ends by itself when the sender is dropped.
        let (answer, _) = tokio::join!(exchange, connection);
        let (head, body) = answer.map_err(|problem| self.unreachable(problem))?;
        let headers = head
            .headers
            .iter()
            .map(|(name, value)| {
                (
                    name.as_str().to_owned(),
                    String::from_utf8_lossy(value.as_bytes()).into_owned(),
                )
            })
            .collect();
        Ok(HttpAnswer {
            method: method.into(),
            path: path.into(),
            status: head.status.as_u16(),
            headers,
            body: body.to_vec(),
        })
    }
}

fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Trouble> {
    let wrong = || Trouble::Setting(format!("the header {name}: {value} cannot be sent"));
    let header_name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
    Ok((
        header_name,
        HeaderValue::from_str(value).map_err(|_| wrong())?,
    ))
}

#[derive(Debug, Clone)]
pub struct HttpAnswer {
    method: String,
    path: String,
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl HttpAnswer {
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// [`Trouble::Http`] unless the status is one of success and the body is JSON.
    pub fn json(&self) -> Result<Value, Trouble> {
        let trouble = || Trouble::Http {
            method: self.method.clone(),
            path: self.path.clone(),
            status: self.status,
            body: String::from_utf8_lossy(&self.body)
                .chars()
                .take(500)
                .collect(),
        };
        if !(200..300).contains(&self.status) {
            return Err(trouble());
        }
        serde_json::from_slice(&self.body).map_err(|_| trouble())
    }
}

/// What comes over a [`RawSocket`].
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    Text(String),
    /// The socket is closed; 1005 without a code, 1006 when it ended without a closing frame.
    Closed {
        code: u16,
        reason: String,
    },
}

/// A WebSocket without any manners: says what it is told, checks nothing. Pings are answered while it is read.
pub struct RawSocket {
    stream: WebSocketStream<TcpStream>,
}

impl RawSocket {
    /// # Errors
    /// [`Trouble::Closed`] when the socket cannot be written to.
    pub async fn say(&mut self, text: impl Into<String>) -> Result<(), Trouble> {
        self.say_message(Message::text(text.into())).await
    }

    /// # Errors
    /// As [`RawSocket::say`].
    pub async fn say_binary(&mut self, bytes: Vec<u8>) -> Result<(), Trouble> {
        self.say_message(Message::binary(bytes)).await
    }

    async fn say_message(&mut self, message: Message) -> Result<(), Trouble> {
        self.stream
            .send(message)
            .await
            .map_err(|problem| Trouble::Closed {
                code: 1006,
                reason: problem.to_string(),
            })
    }

    /// Writes several frames at once.
    ///
    /// # Errors
    /// As [`RawSocket::say`].
    pub async fn say_all(&mut self, texts: Vec<String>) -> Result<(), Trouble> {
        let closed = |problem: SocketError| Trouble::Closed {
            code: 1006,
            reason: problem.to_string(),
        };
        for text in texts {
            self.stream
                .feed(Message::text(text))
                .await
                .map_err(closed)?;
        }
        self.stream.flush().await.map_err(closed)
    }

    /// The next frame. May be dropped and called again without losing one.
    pub async fn hear(&mut self) -> Heard {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => return Heard::Text(text.to_string()),
                Some(Ok(Message::Close(frame))) => {
                    let (code, reason) = frame
                        .map_or((1005, String::new()), |CloseFrame { code, reason }| {
                            (code.into(), reason.to_string())
                        });
                    return Heard::Closed { code, reason };
                }
                Some(Ok(_)) => {}
                Some(Err(problem)) => {
                    return Heard::Closed {
                        code: 1006,
                        reason: problem.to_string(),
                    };
                }
                None => {
                    return Heard::Closed {
                        code: 1006,
                        reason: "the connection ended".into(),
                    };
                }
            }
        }
    }

    /// The next frame, as JSON, within a time.
    ///
    /// # Errors
    /// [`Trouble::Deadline`] or [`Trouble::Closed`].
    pub async fn hear_within(&mut self, within_ms: u64) -> Result<Value, Trouble> {
        match timeout(Duration::from_millis(within_ms), self.hear()).await {
            Err(_) => Err(Trouble::Deadline {
                what: "a frame".into(),
                waited_ms: within_ms,
                last: String::new(),
            }),
            Ok(Heard::Closed { code, reason }) => Err(Trouble::Closed { code, reason }),
            Ok(Heard::Text(text)) => serde_json::from_str(&text)
                .map_err(|problem| Trouble::Setting(format!("not JSON ({problem}): {text}"))),
        }
    }

    /// Reads on until the socket is closed, and gives the code.
    ///
    /// # Errors
    /// [`Trouble::Deadline`] when it is not closed in time.
    pub async fn closed_within(&mut self, within_ms: u64) -> Result<(u16, String), Trouble> {
        let closing = async {
            loop {
                if let Heard::Closed { code, reason } = self.hear().await {
                    return (code, reason);
                }
            }
        };
        timeout(Duration::from_millis(within_ms), closing)
            .await
            .map_err(|_| Trouble::Deadline {
                what: "the socket to be closed".into(),
                waited_ms: within_ms,
                last: String::new(),
            })
    }

    /// Says good-bye properly.
    pub async fn close(&mut self) {
        // The other side may be gone already, and that is as good.
        let _ = self.stream.close(None).await;
    }

    /// The stream beneath, for tests that write broken frames.
    #[must_use]
    pub fn into_stream(self) -> TcpStream {
        self.stream.into_inner()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_cannot_be_used_say_what_can() {
        for url in ["https://a", "a:b:c", "127.0.0.1:8080", "ws://a", ""] {
            let said = Dial::new(url).unwrap_err().to_string();
            assert!(said.contains("http://127.0.0.1:8080"), "{said}");
        }
        assert_eq!(
            Dial::new("http://127.0.0.1:8080/").unwrap().origin(),
            "http://127.0.0.1:8080"
        );
        assert_eq!(
            Dial::new("http://[::1]:8080").unwrap().origin(),
            "http://[::1]:8080"
        );
    }

    #[test]
    fn a_header_replaces_one_of_the_same_name() {
        let dial = Dial::new("http://a:1")
            .unwrap()
            .with_header("Origin", "x")
            .with_header("origin", "y");
        assert_eq!(dial.headers, [("origin".to_owned(), "y".to_owned())]);
        assert!(dial.without_header("ORIGIN").headers.is_empty());
    }
}
