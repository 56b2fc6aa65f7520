using DomainGuard.Data;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Providers;
using DomainGuard.Tests.Infrastructure;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Tests.Databases;

public sealed class DatabaseFaultTests
{
    [Fact]
    public async Task A_file_that_is_no_database_is_named_as_such()
    {
        var folder = Directory.CreateTempSubdirectory("dg-");
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "test.db"), new string('x', 5000), TestContext.Current.CancellationToken);
        await using var services = TestDatabase.Services(new DatabaseOptions { ConnectionString = "Data Source=test.db" }, folder.FullName);
        var problem = await Assert.ThrowsAsync<DatabaseUnusableException>(() =>
            ((GuardDatabase)services.GetService(typeof(GuardDatabase))!).MigrateAsync(CancellationToken.None));
        Assert.Contains("no SQLite database", problem.Message, StringComparison.Ordinal);
        SqliteConnection.ClearAllPools();
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task A_full_disk_is_told_in_words_and_half_writes_nothing()
    {
        await using var database = await TestDatabase.CreateAsync(DatabaseProvider.Sqlite);
        var cancel = TestContext.Current.CancellationToken;
        await using var db = await database.Dbs.CreateDbContextAsync(cancel);
        await db.Database.OpenConnectionAsync(cancel);
        var pages = await db.Database.SqlQueryRaw<long>("SELECT page_count AS Value FROM pragma_page_count").SingleAsync(cancel);
        await using (var limit = db.Database.GetDbConnection().CreateCommand())
        {
            limit.CommandText = $"PRAGMA max_page_count={pages + 2}";
            await limit.ExecuteNonQueryAsync(cancel);
        }

        for (var i = 1; i <= 5_000; i++)
        {
            db.Accounts.Add(new Account { Id = i, ExternalId = $"account-{i}", SortName = $"account-{i}", DisplayName = new string('n', 200) });
        }

        var problem = await Assert.ThrowsAsync<DbUpdateException>(() => db.SaveChangesAsync(cancel));
        Assert.Contains("full", GuardDatabase.Explain(problem)!, StringComparison.Ordinal);
        await using var other = await database.Dbs.CreateDbContextAsync(cancel);
        Assert.Equal(0, await other.Accounts.CountAsync(cancel));
    }

    [Fact]
    public async Task A_locked_file_is_told_in_words()
    {
        await using var database = await TestDatabase.CreateAsync(DatabaseProvider.Sqlite);
        var cancel = TestContext.Current.CancellationToken;
        await using var holder = await database.Dbs.CreateDbContextAsync(cancel);
        await using var transaction = await holder.Database.BeginTransactionAsync(cancel);
        holder.Accounts.Add(new Account { Id = 1, ExternalId = "a", SortName = "a" });
        await holder.SaveChangesAsync(cancel);

        await using var second = await database.Dbs.CreateDbContextAsync(cancel);
        await second.Database.OpenConnectionAsync(cancel);
        await second.Database.ExecuteSqlRawAsync("PRAGMA busy_timeout=100", cancel);
        second.Database.SetCommandTimeout(1);
        second.Accounts.Add(new Account { Id = 2, ExternalId = "b", SortName = "b" });
        var problem = await Assert.ThrowsAnyAsync<Exception>(() => second.SaveChangesAsync(cancel));
        Assert.Contains("locked", GuardDatabase.Explain(problem)!, StringComparison.Ordinal);
    }

    [Fact]
    public void A_relative_file_lies_in_the_data_directory_wherever_the_program_is_started()
    {
        var folder = Path.Combine(Path.GetTempPath(), $"dg-{Guid.CreateVersion7():N}");
        Assert.Equal($"Data Source={Path.Combine(folder, "domainguard.db")}", DataServices.SqliteConnectionString("", folder));
        Directory.Delete(folder);
    }
}
