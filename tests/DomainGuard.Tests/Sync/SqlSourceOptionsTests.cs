using DomainGuard.Data.Providers;
using DomainGuard.Web.Features.Sync;

namespace DomainGuard.Tests.Sync;

public sealed class SqlSourceOptionsTests
{
    [Fact]
    public void Without_a_connection_string_it_is_off_and_nothing_is_wrong() =>
        Assert.True(new SqlSourceOptionsValidator().Validate(null, new SqlSourceOptions { Schedule = TimeSpan.Zero }).Succeeded);

    [Fact]
    public void Everything_that_is_wrong_is_said_at_once_and_never_repeats_a_secret()
    {
        var problems = Problems(new SqlSourceOptions { ConnectionString = "Host=db;Password=secret;Port=secret", Provider = DatabaseProvider.PostgreSql, Schedule = TimeSpan.Zero, CommandTimeout = TimeSpan.FromDays(2), Mode = (SqlSourceMode)7 });
        Assert.Equal(["ConnectionString", "Query", "Schedule", "CommandTimeout", "Mode"], problems.Select(p => p.Split(':')[3].Split(' ')[0]));
        Assert.DoesNotContain(problems, p => p.Contains("secret", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(null, "x", "SELECT 1", null, "Provider")]
    [InlineData(DatabaseProvider.Sqlite, "Data Source=accounts.db", "SELECT 1", null, "whole path")]
    [InlineData(DatabaseProvider.PostgreSql, "Database=platform", "SELECT 1", null, "names no server")]
    [InlineData(DatabaseProvider.SqlServer, "Database=platform", "SELECT 1", null, "names no server")]
    [InlineData(DatabaseProvider.PostgreSql, "Host=db", "SELECT 1", "/nowhere/query.sql", "both set")]
    [InlineData(DatabaseProvider.PostgreSql, "Host=db", null, "/nowhere/query.sql", "/nowhere/query.sql cannot be read")]
    [InlineData(DatabaseProvider.PostgreSql, "Host=db", " ; ", null, "empty")]
    public void What_cannot_work_is_refused(DatabaseProvider? provider, string connectionString, string? query, string? file, string says) =>
        Assert.Contains(says, Assert.Single(Problems(new SqlSourceOptions { Provider = provider, ConnectionString = connectionString, Query = query, QueryFile = file })), StringComparison.Ordinal);

    [Theory]
    [InlineData(DatabaseProvider.PostgreSql, "Host=db;Username=reader")]
    [InlineData(DatabaseProvider.SqlServer, "Server=db;Database=platform;Integrated Security=true")]
    [InlineData(DatabaseProvider.Sqlite, "Data Source=/srv/platform/accounts.db")]
    public void What_can_work_is_taken(DatabaseProvider provider, string connectionString) =>
        Assert.Empty(Problems(new SqlSourceOptions { Provider = provider, ConnectionString = connectionString, Query = "SELECT 1" }));

    private static IReadOnlyList<string> Problems(SqlSourceOptions options) => [.. new SqlSourceOptionsValidator().Validate(null, options).Failures ?? []];
}
