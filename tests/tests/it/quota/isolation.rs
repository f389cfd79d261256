//! A plugin hardly feels what floods the pool beside it.

use std::process::Command;
use std::time::{Duration, Instant};

use onepool_host::{Host, Quota};
use onepool_sdk::OnepoolPool;
use tokio_util::sync::CancellationToken;

use super::{UNLIMITED, eventually, host, plugin};

const STATEMENT: &str = "SELECT pg_sleep(0.01)";
/// Statements of the neighbour that one p99 is taken from.
const SAMPLES: usize = 120;
const FLOOD: usize = 500;
/// How much slower the neighbour's slowest statements may be beside a flooder.
const BOUND: f64 = 2.0;
/// Pairs of measurements of which the medians are compared, and for how long more are made before
/// the machine's own noise is no excuse any more.
const PAIRS: usize = 3;
const LONG_ENOUGH: Duration = Duration::from_secs(60);

async fn run(pool: &OnepoolPool) {
    sqlx::query(STATEMENT).execute(pool).await.unwrap();
}

/// Runs statements without a pause, in so many tasks, until told to stop.
async fn keep_busy(pool: &OnepoolPool, tasks: usize, stop: &CancellationToken) {
    let tasks = (0..tasks).map(|_| {
        let (pool, stop) = (pool.clone(), stop.clone());
        tokio::spawn(async move {
            while !stop.is_cancelled() {
                run(&pool).await;
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
}

/// The p99 of the neighbour's statements while another plugin runs them in so many tasks.
async fn p99_beside(
    host: &Host,
    neighbour: &OnepoolPool,
    other: &OnepoolPool,
    tasks: usize,
) -> Duration {
    let stop = CancellationToken::new();
    let measuring = async {
        eventually("the other plugin to be at it", async || {
            let stats = host.pool_stats();
            stats.backends.leased > 0 && stats.waiting + 4 >= tasks
        })
        .await;
        let mut times = Vec::with_capacity(SAMPLES);
        for _ in 0..SAMPLES {
            let began = Instant::now();
            run(neighbour).await;
            times.push(began.elapsed());
        }
        stop.cancel();
        times.sort();
        times[SAMPLES * 99 / 100 - 1]
    };
    tokio::join!(keep_busy(other, tasks, &stop), measuring).1
}

fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort();
    times[times.len() / 2]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_neighbour_hardly_feels_a_flooder() {
    let database = onepool_tests::postgres().await.database(4).await;
    let host = host(&database.url, 4).default_quota(UNLIMITED);
    let host = host.start().await.unwrap();
    let guaranteed = Quota {
        min: 1,
        ..UNLIMITED
    };
    host.set_quota("neighbour", guaranteed).unwrap();
    let neighbour = plugin(&host, "neighbour").await;
    let (quiet, flooder) = (plugin(&host, "quiet").await, plugin(&host, "flooder").await);
    let (mut calm, mut flooded) = (Vec::new(), Vec::new());
    let began = Instant::now();
    loop {
        calm.push(p99_beside(&host, &neighbour, &quiet, 1).await);
        flooded.push(p99_beside(&host, &neighbour, &flooder, FLOOD).await);
        let ratio = median(&flooded).as_secs_f64() / median(&calm).as_secs_f64();
        if calm.len() >= PAIRS && ratio <= BOUND {
            println!(
                "p99 {:?} calm, {:?} flooded",
                median(&calm),
                median(&flooded)
            );
            break;
        }
        assert!(
            began.elapsed() < LONG_ENOUGH,
            "the p99 beside a flooder is {ratio:.2} times that beside a quiet plugin: {calm:?} and \
             {flooded:?}"
        );
    }
    assert_eq!(database.refusals().await, 0);
}

/// With one core there is nothing to hide behind: what the flooder's calls cost the host, the
/// neighbour pays for.
#[cfg(target_os = "linux")]
#[test]
fn nor_on_one_core() {
    let test = "quota::isolation::a_neighbour_hardly_feels_a_flooder";
    let output = Command::new("taskset")
        .args(["--cpu-list", "0"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .output()
        .expect("taskset is part of util-linux");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{told}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(told.contains("1 passed"), "{told}");
}
