//! URLs of brokers: `scheme://user:password@host:port,host2:port/path`.

use percent_encoding::percent_decode_str;

use crate::Broker;

/// Where a broker is, and what of it is meant.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    /// `host:port`, at least one.
    pub hosts: Vec<String>,
    /// User and password.
    pub credentials: Option<(String, String)>,
    /// Whether the connection is sealed.
    pub tls: bool,
    /// The parts of the path that are not empty, at least one.
    pub path: Vec<String>,
    /// How the password is shown; Kafka alone knows more than one way.
    pub sasl: Sasl,
}

/// How Kafka is shown a password (`?sasl=` in its URL).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sasl {
    /// As it is: for connections that are sealed.
    Plain,
    /// RFC 7677.
    ScramSha256,
    /// The same with SHA-512.
    #[default]
    ScramSha512,
}

impl Sasl {
    const ALL: [(&str, Self); 3] =
        [("plain", Self::Plain), ("scram-sha-256", Self::ScramSha256), ("scram-sha-512", Self::ScramSha512)];

    fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, sasl)| *sasl)
    }
}

/// What is wrong with a URL. Never shows it: it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{rule}; an example: {example}")]
pub struct AddressError {
    pub(crate) rule: String,
    pub(crate) example: &'static str,
}

/// What stands behind the question mark, decoded.
pub(crate) type Query = Vec<(String, String)>;

impl Address {
    /// Reads the URL of a broker, and what it says of other things than where that is.
    ///
    /// # Errors
    /// The rule that is broken, and an example.
    pub fn parse(url: &str) -> Result<(Broker, Self, Query), AddressError> {
        let (scheme, rest) = url.split_once("://").unwrap_or_default();
        let broker = Broker::ALL.into_iter().find(|broker| broker.schemes().contains(&scheme));
        let Some(broker) = broker else {
            let schemes: Vec<_> =
                Broker::ALL.into_iter().flat_map(Broker::schemes).map(|scheme| format!("{scheme}://")).collect();
            return Err(AddressError {
                rule: format!("must begin with one of {}", schemes.join(", ")),
                example: Broker::Kafka.example(),
            });
        };
        let wrong = |rule: &str| AddressError { rule: rule.to_owned(), example: broker.example() };
        let tls = scheme == broker.schemes()[1];
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (place, path) =
            rest.split_once('/').ok_or_else(|| wrong("must name what is published to, behind a slash"))?;
        let (who, hosts) = place.rsplit_once('@').map_or((None, place), |(who, hosts)| (Some(who), hosts));
        let decoded = |text: &str| {
            let text = percent_decode_str(text).decode_utf8().map_err(|_| wrong("must be UTF-8"))?;
            Ok::<_, AddressError>(text.into_owned())
        };
        let mut sasl = Sasl::default();
        let mut others = Query::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match (name, broker) {
                ("sasl", Broker::Kafka) => {
                    let known = Sasl::parse(value);
                    sasl = known.ok_or_else(|| wrong("sasl must be plain, scram-sha-256 or scram-sha-512"))?;
                }
                _ => others.push((decoded(name)?, decoded(value)?)),
            }
        }
        let credentials = match who {
            None => None,
            Some(who) => {
                let (user, password) = who.split_once(':').ok_or_else(|| wrong("must name a password, too"))?;
                Some((decoded(user)?, decoded(password)?))
            }
        };
        let port = broker.ports()[usize::from(tls)];
        let hosts =
            hosts.split(',').map(|host| with_port(host, port).ok_or_else(|| wrong("must name hosts as host:port")));
        let hosts = hosts.collect::<Result<Vec<_>, _>>()?;
        let path = path.split('/').filter(|part| !part.is_empty()).map(decoded).collect::<Result<Vec<_>, _>>()?;
        if path.is_empty() {
            return Err(wrong("must name what is published to, behind a slash"));
        }
        if hosts.len() > 1 && !matches!(broker, Broker::Kafka | Broker::Nats) {
            return Err(wrong("must name one host"));
        }
        Ok((broker, Self { hosts, credentials, tls, path, sasl }, others))
    }

    /// The one host and port of brokers that have one.
    pub(crate) fn host(&self) -> (&str, u16) {
        let (host, port) = self.hosts.first().and_then(|host| host.rsplit_once(':')).unwrap_or_default();
        (host.trim_matches(['[', ']']), port.parse().unwrap_or_default())
    }

    /// The path with something between its parts.
    pub(crate) fn joined(&self, between: &str) -> String {
        self.path.join(between)
    }
}

fn with_port(host: &str, port: u16) -> Option<String> {
    let bare = host.rsplit_once(':').filter(|(_, port)| !port.ends_with(']'));
    match bare {
        Some((name, given)) => {
            (!name.is_empty() && given.parse::<u16>().is_ok_and(|port| port > 0)).then(|| host.to_owned())
        }
        None => (!host.is_empty()).then(|| format!("{host}:{port}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Address {
        Address::parse(url).unwrap().1
    }

    #[test]
    fn urls_are_read() {
        let (broker, address, query) =
            Address::parse("kafkas://me:p%40ss@a:1,b,[::1]:7/events?sasl=plain&name=x%20y&flag").unwrap();
        assert_eq!(broker, Broker::Kafka);
        assert_eq!(address.hosts, ["a:1", "b:9093", "[::1]:7"]);
        assert_eq!(address.credentials, Some(("me".to_owned(), "p@ss".to_owned())));
        assert!(address.tls);
        assert_eq!((address.path.as_slice(), address.sasl), (["events".to_owned()].as_slice(), Sasl::Plain));
        assert_eq!(query, [("name", "x y"), ("flag", "")].map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(read("kafka://u:p@a/x").sasl, Sasl::ScramSha512);
        let address = read("amqp://h/%2F/tracklane");
        assert_eq!(
            (address.path.as_slice(), address.host()),
            (["/", "tracklane"].map(str::to_owned).as_slice(), ("h", 5672))
        );
        assert_eq!(read("mqtt://[::1]/a/b").host(), ("::1", 1883));
    }

    #[test]
    fn what_is_wrong_is_named_and_no_password_shown() {
        for (url, word) in [
            ("nats", "nats://"),
            ("http://u:secret@h/x", "amqps://"),
            ("nats://u:secret@h", "behind a slash"),
            ("nats://u:secret@h/", "behind a slash"),
            ("nats://secret@h/x", "password"),
            ("nats://u:secret@h:0/x", "host:port"),
            ("nats://u:secret@:1/x", "host:port"),
            ("nats://u:%ff@h/x", "UTF-8"),
            ("kafka://u:secret@h/x?sasl=gssapi", "scram-sha-256"),
            ("mqtt://a,b/x", "one host"),
        ] {
            let said = Address::parse(url).err().unwrap().to_string();
            assert!(said.contains(word) && !said.contains("secret"), "{url}: {said}");
        }
    }
}
