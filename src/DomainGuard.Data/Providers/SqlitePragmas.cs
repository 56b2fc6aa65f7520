using System.Data.Common;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace DomainGuard.Data.Providers;

/// <summary>
/// Settings that SQLite keeps per connection. With WAL, <c>synchronous=NORMAL</c> never corrupts: a power cut may take back the last commits, which are then
/// done again (a look-up repeated, an import chunk merged anew), while a killed process loses nothing. A writer waits up to 30 s for another.
/// The log is written back every 64 MiB instead of every 4: index pages that many transactions touch are then written once, not each time.
/// </summary>
internal sealed class SqlitePragmas : DbConnectionInterceptor
{
    private const string Pragmas =
        "PRAGMA busy_timeout=30000; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-32000; PRAGMA wal_autocheckpoint=16000;";

    public override void ConnectionOpened(DbConnection connection, ConnectionEndEventData eventData)
    {
        using var command = connection.CreateCommand();
        command.CommandText = Pragmas;
        command.ExecuteNonQuery();
    }

    public override async Task ConnectionOpenedAsync(DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = Pragmas;
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
