//! What the sensor does all day goes on: a server, timers, signals, a database, threads.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use super::{intruder, tell};

/// Does all of it in a process that is confined.
pub fn everything_goes_on(listener: TcpListener, folder: &Path, root: bool) {
    let port = listener.local_addr().unwrap().port();
    listener.set_nonblocking(true).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let database = folder.join("data/map.sqlite");
    runtime.block_on(async move {
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        let server = tokio::spawn(async move {
            for _ in 0..2 {
                let (mut connection, _) = listener.accept().await.unwrap();
                let (mut reading, mut writing) = connection.split();
                let mut bytes = [0; 4];
                read_exact(&mut reading, &mut bytes).await;
                write_all(&mut writing, &bytes).await;
            }
        });
        tokio::task::spawn_blocking(move || tell(&format!("listening {port}"))).await.unwrap();
        server.await.unwrap();
        tokio::time::sleep(Duration::from_millis(5)).await;
        let mut hangup = signal(SignalKind::hangup()).unwrap();
        nix::sys::signal::raise(nix::sys::signal::Signal::SIGHUP).unwrap();
        hangup.recv().await.unwrap();
        tokio::task::spawn_blocking(move || keep(&database)).await.unwrap();
        for task in fs::read_dir("/proc/self/task").unwrap() {
            intruder::status(&task.unwrap().path().join("status"), root);
        }
    });
    println!("server, timers, signals, database, threads: all go on");
}

async fn read_exact(from: &mut tokio::net::tcp::ReadHalf<'_>, bytes: &mut [u8; 4]) {
    let mut have = 0;
    while have < bytes.len() {
        from.readable().await.unwrap();
        match from.try_read(bytes.get_mut(have..).unwrap()) {
            Ok(read) => have += read,
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock),
        }
    }
}

async fn write_all(to: &mut tokio::net::tcp::WriteHalf<'_>, bytes: &[u8; 4]) {
    to.writable().await.unwrap();
    assert_eq!(to.try_write(bytes).unwrap(), bytes.len());
}

/// A database with a journal beside it, as the store keeps one.
fn keep(path: &Path) {
    let mut database = rusqlite::Connection::open(path).unwrap();
    database.pragma_update(None, "journal_mode", "wal").unwrap();
    database.pragma_update(None, "temp_store", "memory").unwrap();
    database.execute("CREATE TABLE t (n INTEGER, text TEXT)", ()).unwrap();
    let transaction = database.transaction().unwrap();
    for n in 0..2_000 {
        transaction.execute("INSERT INTO t VALUES (?1, ?2)", (n, "x".repeat(100))).unwrap();
    }
    transaction.commit().unwrap();
    database.execute("DELETE FROM t WHERE n % 2 = 0", ()).unwrap();
    database.execute("VACUUM", ()).unwrap();
    let left: i64 = database.query_row("SELECT count(*) FROM t", (), |row| row.get(0)).unwrap();
    assert_eq!(left, 1_000);
}
