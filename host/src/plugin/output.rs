//! What a plugin writes, line by line into the host's log.

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};

/// A longer line is logged in pieces.
const MAX_LINE_BYTES: u64 = 8 * 1024;

/// Logs what `pipe` says until it is closed. `stream` names it.
pub(super) async fn log(plugin: &str, stream: &'static str, pipe: impl AsyncRead + Unpin) {
    let mut pipe = BufReader::new(pipe);
    let mut line = Vec::new();
    loop {
        line.clear();
        let mut piece = (&mut pipe).take(MAX_LINE_BYTES);
        match piece.read_until(b'\n', &mut line).await {
            Ok(0) => return,
            Ok(_) => {
                let text = String::from_utf8_lossy(&line);
                tracing::info!(target: "onepool_host::plugin", plugin, stream, "{}", text.trim_end());
            }
            Err(error) => {
                tracing::debug!(plugin, stream, %error, "the plugin's output cannot be read");
                return;
            }
        }
    }
}
