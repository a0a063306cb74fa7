//! Requests from templates. A place is a name in braces: `{number}`, `{numbers}`, `{postcode}`, `{language}`,
//! `{request_id}`, or a credential. A brace that opens no name stands for itself, so JSON needs no escapes.

use super::model::{AuthPart, DeclareError, Declared, File};
use crate::request::{Ask, AskError, Auth, Body, Method, Request, TokenRequest, part};

const OWN: &[&str] = &["number", "numbers", "postcode", "language", "request_id"];

/// How what is filled in must be written.
#[derive(Clone, Copy)]
enum Escape {
    Plain,
    Url,
    Json,
}

impl Declared {
    pub(in crate::carriers) fn request(&self, ask: &Ask<'_>) -> Result<Request, AskError> {
        let spec = &self.file.request;
        let fill = |template: &str, escape| fill(&self.file, template, escape, ask);
        let base = ask.base(&spec.base);
        let mut request = Request {
            method: spec.method,
            url: format!("{base}{}", fill(&spec.path, Escape::Url)?),
            headers: vec![("accept".into(), "application/json".to_owned())],
            body: None,
            auth: self.auth(ask)?,
        };
        for (name, value) in &spec.headers {
            request = request.header(name.to_lowercase(), fill(value, Escape::Plain)?);
        }
        if let (Some(body), Method::Post) = (&spec.body, spec.method) {
            request.body = Some(Body { content_type: "application/json", text: fill(body, Escape::Json)? });
        }
        Ok(request)
    }

    fn auth(&self, ask: &Ask<'_>) -> Result<Auth, AskError> {
        let fill = |template: &str| fill(&self.file, template, Escape::Plain, ask);
        Ok(match &self.file.request.auth {
            AuthPart::None => Auth::None,
            AuthPart::Header { name, value } => Auth::Header { name: name.to_lowercase(), value: fill(value)? },
            AuthPart::Basic { user, password } => Auth::Basic { user: fill(user)?, password: fill(password)? },
            AuthPart::ClientCredentials { url, client_id, client_secret, in_header, fields, header } => {
                let own = &self.file.request.base;
                let url = url.strip_prefix(own.as_str()).map_or(url.clone(), |path| format!("{}{path}", ask.base(own)));
                let mut filled = Vec::new();
                for (name, value) in fields {
                    filled.push((name.clone().into(), fill(value)?));
                }
                if !fields.contains_key("grant_type") {
                    filled.push(("grant_type".into(), "client_credentials".to_owned()));
                }
                Auth::ClientCredentials(TokenRequest {
                    url,
                    client_id: fill(client_id)?,
                    client_secret: fill(client_secret)?,
                    in_header: *in_header,
                    json: false,
                    fields: filled,
                    header: header.as_ref().map_or("authorization".into(), |name| name.to_lowercase().into()),
                })
            }
        })
    }
}

/// Every template of a declaration.
pub(super) fn templates(file: &File) -> Vec<&str> {
    let spec = &file.request;
    let mut all = vec![spec.path.as_str()];
    all.extend(spec.headers.values().map(String::as_str));
    all.extend(spec.body.as_deref());
    match &spec.auth {
        AuthPart::None => {}
        AuthPart::Header { value, .. } => all.push(value),
        AuthPart::Basic { user, password } => all.extend([user.as_str(), password]),
        AuthPart::ClientCredentials { client_id, client_secret, fields, .. } => {
            all.extend([client_id.as_str(), client_secret]);
            all.extend(fields.values().map(String::as_str));
        }
    }
    all
}

/// Checks that every place of a template can be filled.
pub(super) fn check(file: &File, template: &str) -> Result<(), DeclareError> {
    for piece in pieces(template) {
        let Piece::Place(name) = piece else { continue };
        let credential = file.credentials.iter().any(|credential| credential.name == name);
        if !(OWN.contains(&name) || credential) {
            let at = format!("{{{name}}}");
            return Err(DeclareError { at, rule: format!("must be a credential or one of {}", OWN.join(", ")) });
        }
    }
    Ok(())
}

enum Piece<'a> {
    Text(&'a str),
    Place(&'a str),
}

fn pieces(template: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        let (before, after) = rest.split_at(open);
        let inner = after.get(1..).unwrap_or_default();
        let name = inner
            .split_once('}')
            .map(|(name, _)| name)
            .filter(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'));
        match name {
            Some(name) => {
                found.push(Piece::Text(before));
                found.push(Piece::Place(name));
                rest = inner.get(name.len() + 1..).unwrap_or_default();
            }
            None => {
                found.push(Piece::Text(rest.get(..=open).unwrap_or_default()));
                rest = inner;
            }
        }
    }
    found.push(Piece::Text(rest));
    found
}

fn fill(file: &File, template: &str, escape: Escape, ask: &Ask<'_>) -> Result<String, AskError> {
    let mut out = String::new();
    for piece in pieces(template) {
        let name = match piece {
            Piece::Text(text) => {
                out.push_str(text);
                continue;
            }
            Piece::Place(name) => name,
        };
        let value = match name {
            "number" => ask.only()?.value.clone(),
            "numbers" => {
                let all: Vec<&str> = ask.numbers.iter().map(|number| number.value.as_str()).collect();
                out.push_str(&match escape {
                    // In JSON several numbers are a list's inside.
                    Escape::Json => {
                        all.iter().map(|one| format!("\"{}\"", escaped(one, escape))).collect::<Vec<_>>().join(",")
                    }
                    _ => all.iter().map(|one| escaped(one, escape)).collect::<Vec<_>>().join(&file.request.separator),
                });
                continue;
            }
            "postcode" => {
                let number = ask.only()?;
                let missing = || AskError::Key { key: "postcode", number: number.value.clone() };
                number.postcode.clone().ok_or_else(missing)?
            }
            "language" => ask.short_language().to_owned(),
            "request_id" => ask.request_id.to_owned(),
            credential => {
                let given = ask.credentials.get(credential);
                let known = file.credentials.iter().find(|known| known.name == credential);
                match (given, known) {
                    (Some(given), _) => given.to_owned(),
                    (None, Some(known)) if known.optional => String::new(),
                    (None, _) => return Err(AskError::Credential { name: credential.to_owned() }),
                }
            }
        };
        out.push_str(&escaped(&value, escape));
    }
    Ok(out)
}

fn escaped(value: &str, escape: Escape) -> String {
    match escape {
        Escape::Plain => value.chars().filter(|c| !c.is_control()).collect(),
        Escape::Url => part(value),
        Escape::Json => {
            let quoted = serde_json::Value::from(value).to_string();
            quoted.get(1..quoted.len() - 1).unwrap_or_default().to_owned()
        }
    }
}
