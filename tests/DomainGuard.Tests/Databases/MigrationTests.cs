using DomainGuard.Data;
using DomainGuard.Data.Providers;
using DomainGuard.Tests.Infrastructure;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.SqlServer.Dac.Model;
using Microsoft.SqlServer.TransactSql.ScriptDom;

namespace DomainGuard.Tests.Databases;

public sealed class MigrationTests
{
    public static TheoryData<DatabaseProvider> Providers => TestDatabase.Providers;

    [Theory]
    [MemberData(nameof(Providers))]
    public void No_change_of_the_model_waits_for_a_migration(DatabaseProvider provider)
    {
        using var db = Design(provider);
        Assert.False(db.Database.HasPendingModelChanges());
    }

    [Fact]
    public void Migrations_have_the_same_names_in_all_three_folders()
    {
        var names = Enum.GetValues<DatabaseProvider>().Select(p =>
        {
            using var db = Design(p);
            return string.Join(",", db.Database.GetMigrations().Select(m => m[(m.IndexOf('_', StringComparison.Ordinal) + 1)..]));
        }).ToList();
        Assert.Single(names.Distinct());
        Assert.NotEmpty(names[0]);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public void Every_script_makes_the_passkey_table(DatabaseProvider provider)
    {
        using var db = Design(provider);
        Assert.Contains("AspNetUserPasskeys", Script(db), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public void Every_text_has_a_length_but_answers_and_those_of_identity(DatabaseProvider provider)
    {
        using var db = Design(provider);
        var open = db.Model.GetEntityTypes().Where(e => e.ClrType.Namespace!.StartsWith("DomainGuard", StringComparison.Ordinal)).SelectMany(e => e.GetProperties())
            .Where(p => p.ClrType == typeof(string) && p.GetMaxLength() is null).Select(p => $"{p.DeclaringType.ClrType.Name}.{p.Name}").Order().ToList();
        // Facts of an answer; Identity's own hashes and stamps.
        Assert.Equal(["GuardUser.ConcurrencyStamp", "GuardUser.PasswordHash", "GuardUser.SecurityStamp", "StoredObservation.Facts"], open);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Migrating_an_up_to_date_database_changes_nothing(DatabaseProvider provider)
    {
        await using var database = await TestDatabase.CreateAsync(provider);
        Assert.Empty(await database.Get<GuardDatabase>().MigrateAsync(CancellationToken.None));
    }

    [Fact]
    public async Task A_database_of_a_newer_version_is_refused_in_words()
    {
        await using var database = await TestDatabase.CreateAsync(DatabaseProvider.Sqlite);
        await using (var db = await database.Dbs.CreateDbContextAsync(TestContext.Current.CancellationToken))
        {
            await db.Database.ExecuteSqlRawAsync("""INSERT INTO "__EFMigrationsHistory" VALUES ('99990101000000_Future', '99.0.0')""", TestContext.Current.CancellationToken);
        }

        var problem = await Assert.ThrowsAsync<DatabaseUnusableException>(() => database.Get<GuardDatabase>().MigrateAsync(CancellationToken.None));
        Assert.Contains("newer version", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Script_for_sql_server_parses_and_builds_as_a_model()
    {
        using var db = Design(DatabaseProvider.SqlServer);
        var (errors, problems, tables) = Build(Script(db));
        Assert.Empty(errors);
        Assert.Empty(problems);
        Assert.True(tables > 20);
    }

    [Theory]
    [InlineData("CREATE TABLE [T] ([Id] bigint NOT NUL);", true)]
    [InlineData("CREATE TABLE [T] ([Id] bigint NOT NULL, CONSTRAINT [FK] FOREIGN KEY ([Id]) REFERENCES [Missing] ([Id]));", false)]
    public void Broken_sql_would_be_noticed(string sql, bool atParsing)
    {
        var (errors, problems, _) = Build(sql);
        Assert.NotEmpty(atParsing ? errors : problems);
    }

    private static string Script(GuardDb db) => db.GetService<IMigrator>().GenerateScript();

    private static GuardDb Design(DatabaseProvider provider) => provider switch
    {
        DatabaseProvider.SqlServer => new SqlServerDesignTimeFactory().CreateDbContext([]),
        DatabaseProvider.PostgreSql => new PostgresDesignTimeFactory().CreateDbContext([]),
        _ => new SqliteDesignTimeFactory().CreateDbContext([]),
    };

    private static (IReadOnlyList<string> Errors, IReadOnlyList<string> Problems, int Tables) Build(string sql)
    {
        using var reader = new StringReader(sql);
        var fragment = new TSql160Parser(initialQuotedIdentifiers: true).Parse(reader, out var errors);
        if (errors.Count > 0 || fragment is not TSqlScript script)
        {
            return ([.. errors.Select(e => e.Message)], [], 0);
        }

        // DacFx takes one statement at a time, and no data changes; a column that comes later it takes with its table only.
        using var model = new TSqlModel(SqlServerVersion.Sql160, new TSqlModelOptions());
        var statements = script.Batches.SelectMany(b => b.Statements).Where(s => s is CreateTableStatement or CreateIndexStatement or AlterTableStatement).ToList();
        var tables = statements.OfType<CreateTableStatement>().ToDictionary(t => t.SchemaObjectName.BaseIdentifier.Value);
        foreach (var added in statements.OfType<AlterTableAddTableElementStatement>().Where(a => a.Definition.ColumnDefinitions.Count > 0))
        {
            foreach (var column in added.Definition.ColumnDefinitions)
            {
                tables[added.SchemaObjectName.BaseIdentifier.Value].Definition.ColumnDefinitions.Add(column);
            }
        }

        foreach (var statement in statements.Where(s => s is not AlterTableAddTableElementStatement { Definition.ColumnDefinitions.Count: > 0 }))
        {
            new Sql160ScriptGenerator().GenerateScript(statement, out var text);
            model.AddObjects(text);
        }

        return ([], [.. model.Validate().Select(m => m.Message)], model.GetObjects(DacQueryScopes.UserDefined, Table.TypeClass).Count());
    }
}
