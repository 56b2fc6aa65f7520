using System.Net;
using DomainGuard.Core.Audit;
using DomainGuard.Core.Events;
using DomainGuard.Data;
using DomainGuard.Tests.Findings;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Api;
using DomainGuard.Web.Features.Audit;
using DomainGuard.Web.Features.Webhooks;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Tests.Api;

/// <summary>A key from its making to its end, on the real application.</summary>
public sealed class ChangeKeysTests(ApiApp api) : IClassFixture<ApiApp>
{
    private const string Question = """{"email":"ada@example.com"}""";

    private static StaffMember By => FindingsWorld.Administrator;

    [Fact]
    public async Task A_key_opens_what_it_was_made_for_until_it_is_taken_back()
    {
        var made = Assert.IsType<KeyOutcome.Made>(await api.App.Get<CreateKey>().ExecuteAsync(By, " web shop ", [ApiScope.RecoveryCheck], 30, CancellationToken.None));
        using var client = ApiApp.Client(api.App, made.Secret);
        Assert.Equal(HttpStatusCode.OK, (await ApiApp.SendAsync(client, "POST", "/api/v1/recovery-checks", Question)).Answer.StatusCode);

        Assert.IsType<KeyOutcome.Revoked>(await api.App.Get<RevokeKey>().ExecuteAsync(By, made.Id, CancellationToken.None));
        var (answer, body) = await ApiApp.SendAsync(client, "POST", "/api/v1/recovery-checks", Question);
        Assert.Equal("key_revoked", ApiApp.Problem(answer, body));
        Assert.IsType<KeyOutcome.Refused>(await api.App.Get<RevokeKey>().ExecuteAsync(By, made.Id, CancellationToken.None));
        Assert.IsType<KeyOutcome.Refused>(await api.App.Get<RotateKey>().ExecuteAsync(By, made.Id, TimeSpan.Zero, CancellationToken.None));

        await using var db = await api.App.Get<IDbContextFactory<GuardDb>>().CreateDbContextAsync();
        var entries = await db.AuditEntries.AsNoTracking().Where(e => e.Subject == CreateKey.Subject(made.Id)).OrderBy(e => e.Id).ToListAsync();
        Assert.Equal([AuditAction.KeyCreated, AuditAction.KeyRevoked], entries.Select(e => e.Action));
        Assert.All(entries, e => Assert.DoesNotContain(made.Secret[4..12], e.After ?? "", StringComparison.Ordinal));
        var details = await api.App.Get<AuditQueries>().GetAsync(entries[0].Id.ToString("D"), CancellationToken.None);
        Assert.Equal("API key web shop", AuditWords.Subject(entries[0].Subject, details!.Names)); // joined on the screen
        Assert.Equal("web shop", (await db.ApiKeys.AsNoTracking().SingleAsync(k => k.Id == made.Id)).Name);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\0b")]
    [InlineData("two\nlines")]
    [InlineData("12345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901")]
    public async Task A_name_that_no_database_keeps_is_refused_in_words(string name)
    {
        Assert.StartsWith("Name the key", Assert.IsType<KeyOutcome.Refused>(await api.App.Get<CreateKey>().ExecuteAsync(By, name, [ApiScope.RecoveryCheck], 30, CancellationToken.None)).Problem, StringComparison.Ordinal);
        var wish = new WebhookWish(name, "https://platform.example/hook", [EventType.ScanEnded]);
        Assert.StartsWith("Name the receiver", Assert.IsType<WebhookOutcome.Refused>(await api.App.Get<ChangeWebhooks>().CreateAsync(By, wish, CancellationToken.None)).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Both_secrets_open_while_a_key_is_rotated_and_only_the_new_one_afterwards()
    {
        var made = Assert.IsType<KeyOutcome.Made>(await api.App.Get<CreateKey>().ExecuteAsync(By, "sync", [ApiScope.RecoveryCheck], null, CancellationToken.None));
        var next = Assert.IsType<KeyOutcome.Made>(await api.App.Get<RotateKey>().ExecuteAsync(By, made.Id, TimeSpan.FromHours(1), CancellationToken.None));
        using var old = ApiApp.Client(api.App, made.Secret);
        using var young = ApiApp.Client(api.App, next.Secret);
        Assert.Equal(HttpStatusCode.OK, (await ApiApp.SendAsync(old, "POST", "/api/v1/recovery-checks", Question)).Answer.StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await ApiApp.SendAsync(young, "POST", "/api/v1/recovery-checks", Question)).Answer.StatusCode);

        Assert.IsType<KeyOutcome.Refused>(await api.App.Get<RotateKey>().ExecuteAsync(By, made.Id, TimeSpan.FromHours(1), CancellationToken.None)); // it ends soon: so would its second successor

        var last = Assert.IsType<KeyOutcome.Made>(await api.App.Get<RotateKey>().ExecuteAsync(By, next.Id, TimeSpan.Zero, CancellationToken.None));
        var (answer, body) = await ApiApp.SendAsync(young, "POST", "/api/v1/recovery-checks", Question);
        Assert.Equal("key_expired", ApiApp.Problem(answer, body));
        using var youngest = ApiApp.Client(api.App, last.Secret);
        Assert.Equal(HttpStatusCode.OK, (await ApiApp.SendAsync(youngest, "POST", "/api/v1/recovery-checks", Question)).Answer.StatusCode);
    }

    [Theory]
    [InlineData("", ApiScope.RecoveryCheck, 30)]
    [InlineData("a key", "recovery:all", 30)]
    [InlineData("a key", null, 30)]
    [InlineData("a key", ApiScope.RecoveryCheck, 0)]
    [InlineData("a key", ApiScope.RecoveryCheck, 3_651)]
    public async Task What_is_no_key_is_not_made(string name, string? scope, int days) => Assert.IsType<KeyOutcome.Refused>(
        await api.App.Get<CreateKey>().ExecuteAsync(By, name, scope is null ? [] : [scope], days, CancellationToken.None));
}
