//! Where the URL of the database comes from, and its password.

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::leaves::Secret;
use super::settings::{DatabaseSettings, LoginSettings};

/// How long a command may take that prints a secret.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(30);

/// Where a text comes from that may be secret. It is fetched anew for each connection.
#[derive(Clone, Debug)]
enum Source {
    Given(Secret),
    File(PathBuf),
    Command(Vec<String>),
}

/// The URL of a database, and where its password comes from if that is not in it.
#[derive(Clone, Debug)]
pub(super) struct DatabaseUrl {
    url: Source,
    password: Option<Source>,
}

/// The password of a plugin's login.
#[derive(Clone, Debug)]
pub(super) struct Password(Source);

impl Password {
    /// What these settings say, if they say where it is.
    pub(super) fn of(settings: &LoginSettings) -> Option<Self> {
        let given = settings.password.clone().map(Source::Given);
        let (file, command) = (&settings.password_file, &settings.password_command);
        source(given, file.as_ref(), command.as_ref()).map(Self)
    }

    /// The password as it is now.
    pub(super) async fn fetch(&self) -> Result<String, SecretError> {
        self.0.fetch().await
    }
}

/// Why there is no URL. Never holds what a file or a command said.
#[derive(Debug, thiserror::Error)]
pub(super) enum SecretError {
    #[error("cannot read {path}: {source}")]
    File {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{path} is empty")]
    Empty { path: PathBuf },
    #[error("cannot run {program}: {source}")]
    Run {
        program: String,
        source: std::io::Error,
    },
    #[error("{program} failed ({status}); run it by hand to see why")]
    Failed {
        program: String,
        status: std::process::ExitStatus,
    },
    #[error("{program} took longer than {} s", COMMAND_TIMEOUT.as_secs())]
    Late { program: String },
    #[error("{program} printed nothing, or what is no text")]
    NoText { program: String },
    #[error("the URL of the database cannot be read, so its password cannot be put into it: {0}")]
    Url(#[from] url::ParseError),
    #[error("the URL of the database has no place for a password; it must name a host")]
    NoPassword,
}

impl DatabaseUrl {
    /// What these settings say, if they say where the URL is.
    pub(super) fn of(settings: &DatabaseSettings) -> Option<Self> {
        let given = settings.url.clone().map(Source::Given);
        let url = source(
            given,
            settings.url_file.as_ref(),
            settings.url_command.as_ref(),
        )?;
        let password = source(
            None,
            settings.password_file.as_ref(),
            settings.password_command.as_ref(),
        );
        Some(Self { url, password })
    }

    /// The URL as it is now, with the password as it is now.
    pub(super) async fn fetch(&self) -> Result<String, SecretError> {
        let url = self.url.fetch().await?;
        let Some(password) = &self.password else {
            return Ok(url);
        };
        let mut url = Url::parse(&url)?;
        let password = password.fetch().await?;
        url.set_password(Some(&password))
            .map_err(|()| SecretError::NoPassword)?;
        Ok(url.into())
    }
}

fn source(
    given: Option<Source>,
    file: Option<&PathBuf>,
    command: Option<&Vec<String>>,
) -> Option<Source> {
    given
        .or_else(|| file.cloned().map(Source::File))
        .or_else(|| command.cloned().map(Source::Command))
}

impl Source {
    async fn fetch(&self) -> Result<String, SecretError> {
        match self {
            Self::Given(Secret(text)) => Ok(text.clone()),
            Self::File(path) => read(path.clone()).await,
            Self::Command(command) => run(command).await,
        }
    }
}

async fn read(path: PathBuf) -> Result<String, SecretError> {
    // Small, and seldom: whoever mounts secrets keeps them in memory.
    let text = std::fs::read_to_string(&path).map_err(|source| SecretError::File {
        path: path.clone(),
        source,
    })?;
    let text = text.trim_end_matches(['\r', '\n']).to_owned();
    if text.is_empty() {
        return Err(SecretError::Empty { path });
    }
    Ok(text)
}

async fn run(command: &[String]) -> Result<String, SecretError> {
    let (program, arguments) = command
        .split_first()
        .map_or(("", &[][..]), |(program, arguments)| {
            (program.as_str(), arguments)
        });
    let program = program.to_owned();
    let mut child = tokio::process::Command::new(&program);
    child
        .args(arguments)
        .stdin(std::process::Stdio::null())
        .kill_on_drop(true);
    let output = tokio::time::timeout(COMMAND_TIMEOUT, child.output()).await;
    let output = match output {
        Ok(Ok(output)) => output,
        Ok(Err(source)) => return Err(SecretError::Run { program, source }),
        Err(_) => return Err(SecretError::Late { program }),
    };
    if !output.status.success() {
        let status = output.status;
        return Err(SecretError::Failed { program, status });
    }
    let text = String::from_utf8(output.stdout).unwrap_or_default();
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(SecretError::NoText { program });
    }
    Ok(text.to_owned())
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;

    fn settings(toml: &str) -> DatabaseUrl {
        DatabaseUrl::of(&toml::from_str(toml).unwrap()).unwrap()
    }

    #[tokio::test]
    async fn a_password_is_fetched_each_time_and_put_into_the_url() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        let url = settings(&format!(
            "url = 'postgres://app@db/app?sslmode=require'\npassword_file = '{}'",
            file.display()
        ));
        for (written, expected) in [("old\n", "old"), ("n/e:w@ ü\n", "n%2Fe%3Aw%40%20%C3%BC")] {
            std::fs::write(&file, written).unwrap();
            let expected = format!("postgres://app:{expected}@db/app?sslmode=require");
            assert_eq!(url.fetch().await.unwrap(), expected);
        }
        std::fs::write(&file, "\n").unwrap();
        assert!(matches!(url.fetch().await, Err(SecretError::Empty { .. })));
        let url = settings("url = 'mysql://a@h/d'\npassword_command = ['echo', 'from a command']");
        assert_eq!(
            url.fetch().await.unwrap(),
            "mysql://a:from%20a%20command@h/d"
        );
    }

    #[tokio::test]
    async fn what_fails_says_so_without_the_secret() {
        for (toml, says) in [
            ("url_file = '/nowhere/url'", "/nowhere/url"),
            (
                "url_command = ['/nowhere/print']",
                "cannot run /nowhere/print",
            ),
            (
                "url_command = ['sh', '-c', 'echo secret; exit 3']",
                "sh failed (exit status: 3)",
            ),
            ("url_command = ['true']", "true printed nothing"),
            (
                "url = 'secret'\npassword_command = ['echo', 'secret']",
                "cannot be read",
            ),
        ] {
            let error = settings(toml).fetch().await.unwrap_err().to_string();
            assert!(error.contains(says) && !error.contains("secret"), "{error}");
        }
    }
}
