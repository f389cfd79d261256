//! As whom a plugin's backends are opened.

use std::fmt;
use std::sync::Arc;

use onepool_proto::{Code, Failure};

use super::source::Supplier;

/// A login of the database, for a plugin that is to have its own: see
/// [`Plugin::login`](crate::Plugin::login).
///
/// ```
/// use onepool_host::{Login, Plugin};
///
/// let login = Login::new("reports").password("hunter2");
/// let plugin = Plugin::new("reports", "/usr/lib/app/reports").login(login);
/// ```
#[derive(Clone)]
pub struct Login {
    user: String,
    password: Password,
}

#[derive(Clone)]
enum Password {
    None,
    Given(String),
    Supplied(Supplier),
}

impl Login {
    /// The login of this user, without a password.
    #[must_use]
    pub fn new(user: impl Into<String>) -> Self {
        Self {
            user: user.into(),
            password: Password::None,
        }
    }

    /// The same with a password.
    #[must_use]
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Password::Given(password.into());
        self
    }

    /// The same with a password that is asked for whenever the host connects, for passwords that
    /// change.
    ///
    /// ```
    /// # use onepool_host::Login;
    /// let login = Login::new("reports").password_with(|| async {
    ///     let password = std::fs::read_to_string("/run/secrets/reports")?;
    ///     Ok::<_, std::io::Error>(password.trim().to_owned())
    /// });
    /// ```
    #[must_use]
    pub fn password_with<F, Fut, E>(mut self, supply: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<String, E>> + Send + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let supplier = move || {
            let password = supply();
            Box::pin(async move { password.await.map_err(Into::into) }) as _
        };
        self.password = Password::Supplied(Arc::new(supplier));
        self
    }

    /// Whether the other is the same as far as can be told: passwords that are asked for are not
    /// asked for.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let asked = |login: &Self| matches!(login.password, Password::Supplied(_));
        let both_asked = asked(self) && asked(other) && self.user == other.user;
        both_asked || self == other
    }

    /// The user.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The password as it is now, if there is one.
    pub(super) async fn fetch(&self) -> Result<Option<String>, Failure> {
        match &self.password {
            Password::None => Ok(None),
            Password::Given(password) => Ok(Some(password.clone())),
            Password::Supplied(supply) => supply().await.map(Some).map_err(|error| {
                let user = &self.user;
                let what = format!("the password of the login {user:?} was not to be had: {error}");
                Failure::new(Code::LOGIN_REFUSED, what)
            }),
        }
    }
}

/// The same login: what is asked for is the same where clones of one login ask.
impl PartialEq for Login {
    fn eq(&self, other: &Self) -> bool {
        let same = match (&self.password, &other.password) {
            (Password::None, Password::None) => true,
            (Password::Given(one), Password::Given(other)) => one == other,
            (Password::Supplied(one), Password::Supplied(other)) => Arc::ptr_eq(one, other),
            _ => false,
        };
        same && self.user == other.user
    }
}

impl Eq for Login {}

// Derived, it would print the password.
impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// As whom backends are opened, where in the database, and what for. Nothing of it: as the
/// database's URL says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Access {
    pub(crate) login: Option<Login>,
    /// PostgreSQL's schema, or MySQL's database, that names without one are looked up in.
    pub(crate) schema: Option<String>,
    /// SQLite: the file is opened for reading.
    pub(crate) reads_only: bool,
}

impl Access {
    /// Whether the other is the same as far as can be told.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let logins = match (&self.login, &other.login) {
            (Some(one), Some(other)) => one.is_like(other),
            (one, other) => one.is_none() && other.is_none(),
        };
        logins && self.schema == other.schema && self.reads_only == other.reads_only
    }

    /// Who it is, for people.
    pub(crate) fn who(&self) -> String {
        let login = match &self.login {
            Some(login) => format!("the login {:?}", login.user),
            None => "the host's own login".to_owned(),
        };
        match &self.schema {
            Some(schema) => format!("{login} in the schema {schema:?}"),
            None => login,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_login_is_told_and_its_password_is_not() {
        let one = Login::new("reports").password("s3cret");
        assert_eq!(one, one.clone());
        assert_ne!(one, Login::new("reports").password("other"));
        assert_ne!(one, Login::new("reports"));
        assert!(!format!("{one:?}").contains("s3cret"));
        let supply = || async { Ok::<_, std::io::Error>("x".to_owned()) };
        let supplied = Login::new("reports").password_with(supply);
        assert_eq!(supplied, supplied.clone());
        assert_ne!(supplied, Login::new("reports").password_with(supply));
    }
}
