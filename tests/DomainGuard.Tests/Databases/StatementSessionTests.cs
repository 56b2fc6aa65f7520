using System.Data.Common;
using DomainGuard.Core.Domains;
using DomainGuard.Data.Providers;
using DomainGuard.Tests.Infrastructure;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Tests.Databases;

/// <summary>Statements that a session prepares by itself on SQLite.</summary>
public sealed class StatementSessionTests
{
    private static readonly SqlStatement Insert = new(
        """INSERT INTO "Kind" ("Id", "Number", "Key", "Bool", "Text", "Bytes", "Instant", "Uuid") VALUES (@p0, @p1, @p2, @p3, @p4, @p5, @p6, @p7)""",
        SqlKind.Key, SqlKind.Number, SqlKind.Key, SqlKind.Bool, SqlKind.Text, SqlKind.Bytes, SqlKind.Instant, SqlKind.Uuid);

    private static readonly object?[][] Rows =
    [
        [int.MinValue, long.MaxValue, true, "Čárka 🔑", new byte[] { 0, 255 }, new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.FromHours(2)), new Guid("01a21c46-14d5-777b-ae7e-b7f5cace6940")],
        [Phase.Released, 0L, false, "", Array.Empty<byte>(), new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero).AddTicks(1_234_567), Guid.Empty],
        [null, null, null, null, null, null, null],
    ];

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Values_are_stored_as_the_provider_stores_them(int which)
    {
        var row = Rows[which];
        await using var database = await TestDatabase.CreateAsync(DatabaseProvider.Sqlite);
        await using var session = await StatementSession.OpenAsync(database.Dbs, CancellationToken.None);
        var connection = session.Db.Database.GetDbConnection();
        await RunAsync(connection, """CREATE TABLE "Kind" ("Id" INTEGER PRIMARY KEY, "Number", "Key", "Bool", "Text", "Bytes", "Instant", "Uuid")""");
        await session.BeginAsync(CancellationToken.None);
        Assert.Equal(1, await session.ExecuteAsync(Insert, [1L, .. row], CancellationToken.None));
        await session.CommitAsync(CancellationToken.None);

        await RunAsync(connection, Insert.Text, [2L, .. row.Select(Provided)]);

        string[] columns = ["Number", "Key", "Bool", "Text", "Bytes", "Instant", "Uuid"];
        foreach (var column in columns)
        {
            Assert.Equal(await FormAsync(connection, column, 2), await FormAsync(connection, column, 1));
        }
    }

    [Fact]
    public async Task Each_row_is_stored_with_its_own_values_whatever_the_row_before_had_in_common_with_it()
    {
        await using var database = await TestDatabase.CreateAsync(DatabaseProvider.Sqlite);
        await using var session = await StatementSession.OpenAsync(database.Dbs, CancellationToken.None);
        var connection = session.Db.Database.GetDbConnection();
        await RunAsync(connection, """CREATE TABLE "Kind" ("Id" INTEGER PRIMARY KEY, "Number", "Key", "Bool", "Text", "Bytes", "Instant", "Uuid")""");
        var bytes = new byte[] { 1 };
        var at = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
        object?[][] rows =
        [
            [1L, null, 1L, true, "a", bytes, at, null],
            [2L, 0, 1L, true, "a", bytes, at.ToOffset(TimeSpan.FromHours(2)), null],
            [3L, 0, 1, false, null, null, at.AddTicks(10), Guid.Empty],
            [4L, false, 0L, false, "", bytes, at.AddSeconds(1), Guid.Empty],
            [5L, null, null, true, "a", bytes, null, null],
        ];
        await session.BeginAsync(CancellationToken.None);
        foreach (var row in rows)
        {
            bytes[0]++; // the same array with other bytes
            await session.ExecuteAsync(Insert, row, CancellationToken.None);
        }

        await session.CommitAsync(CancellationToken.None);

        foreach (var (i, row) in rows.Index())
        {
            object?[] own = [.. row.Select(v => v is byte[]? new byte[] { (byte)(i + 2) } : v)];
            await RunAsync(connection, Insert.Text, [.. own.Select((v, c) => c == 0 ? 10 + (long)v! : Provided(v))]);
            foreach (var column in (string[])["Number", "Key", "Bool", "Text", "Bytes", "Instant", "Uuid"])
            {
                Assert.Equal(await FormAsync(connection, column, 11 + i), await FormAsync(connection, column, 1 + i));
            }
        }
    }

    [Fact]
    public async Task A_statement_that_fails_names_its_error_and_leaves_the_session_usable()
    {
        await using var database = await TestDatabase.CreateAsync(DatabaseProvider.Sqlite);
        await using var session = await StatementSession.OpenAsync(database.Dbs, CancellationToken.None);
        await RunAsync(session.Db.Database.GetDbConnection(), """CREATE TABLE "Kind" ("Id" INTEGER PRIMARY KEY, "Number", "Key", "Bool", "Text", "Bytes", "Instant", "Uuid")""");
        object?[] row = [7L, null, null, null, null, null, null, null];
        await session.BeginAsync(CancellationToken.None);
        await session.ExecuteAsync(Insert, row, CancellationToken.None);
        var problem = await Assert.ThrowsAsync<SqliteException>(() => session.ExecuteManyAsync(Insert, [row], CancellationToken.None));
        Assert.Equal((19, 1555), (problem.SqliteErrorCode, problem.SqliteExtendedErrorCode));
        await session.RollbackAsync();

        await session.BeginAsync(CancellationToken.None);
        Assert.Equal(1, await session.ExecuteAsync(Insert, row, CancellationToken.None));
        await session.CommitAsync(CancellationToken.None);
    }

    // As the code that reads these rows writes them: EF Core gives the provider enums as numbers and instants in UTC, cut to microseconds.
    private static object? Provided(object? value) => value switch
    {
        Enum e => Convert.ToInt32(e, System.Globalization.CultureInfo.InvariantCulture),
        DateTimeOffset at => new DateTime(at.UtcTicks - (at.UtcTicks % TimeSpan.TicksPerMicrosecond), DateTimeKind.Utc),
        _ => value,
    };

    private static async Task<string> FormAsync(DbConnection connection, string column, long id)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = $"""SELECT typeof("{column}") || ' ' || quote("{column}") FROM "Kind" WHERE "Id" = {id}""";
        return (string)(await command.ExecuteScalarAsync())!;
    }

    private static async Task RunAsync(DbConnection connection, string text, params object?[] values)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = text;
        for (var i = 0; i < values.Length; i++)
        {
            var parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.Value) = ($"@p{i}", values[i] ?? DBNull.Value);
            command.Parameters.Add(parameter);
        }

        await command.ExecuteNonQueryAsync();
    }
}
