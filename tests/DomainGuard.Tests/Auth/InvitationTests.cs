using System.Net;
using DomainGuard.Core.Audit;
using DomainGuard.Data;
using DomainGuard.Tests.Infrastructure;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Staff;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace DomainGuard.Tests.Auth;

/// <summary>One-time links, on the real application.</summary>
public sealed class InvitationTests
{
    private const string Password = "a long enough password";

    [Fact]
    public async Task Link_makes_one_member_with_its_roles_and_then_opens_nothing()
    {
        await using var app = await RunningApp.StartAsync();
        var made = await InviteAsync(app, Roles.Analyst, Roles.Auditor);
        using var client = app.Client();
        using var joined = await JoinAsync(client, made.Path, "mara.ov");
        Assert.Equal(HttpStatusCode.Redirect, joined.StatusCode);
        using var inside = await client.GetAsync(new Uri("/", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, inside.StatusCode);

        using var stranger = app.Client();
        using var again = await stranger.GetAsync(new Uri(made.Path, UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Gone, again.StatusCode);
        Assert.IsType<AcceptOutcome.NotOpen>(await app.Get<AcceptInvitation>().ExecuteAsync(made.Token, "second", "Second", Password, null, CancellationToken.None));

        var mara = await app.StaffAsync("mara.ov");
        Assert.Equal([Roles.Analyst, Roles.Auditor], mara.Roles.Order());
        await using var db = await app.Get<IDbContextFactory<GuardDb>>().CreateDbContextAsync(TestContext.Current.CancellationToken);
        Assert.Equal(1, await db.AuditEntries.CountAsync(e => e.Action == AuditAction.StaffInvited, TestContext.Current.CancellationToken));
        var entry = await db.AuditEntries.SingleAsync(e => e.Action == AuditAction.StaffJoined, TestContext.Current.CancellationToken);
        Assert.Equal(mara.Id.ToString("D"), entry.ActorId);
        Assert.DoesNotContain("mara", entry.After!, StringComparison.Ordinal);
        Assert.False(await db.Invitations.AnyAsync(i => i.TokenHash.Contains(made.Token), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task What_was_typed_wrong_leaves_the_link_good()
    {
        await using var app = await RunningApp.StartAsync();
        var made = await InviteAsync(app, Roles.Auditor);
        using var client = app.Client();
        using var weak = await JoinAsync(client, made.Path, "someone", "short");
        Assert.Contains("at least 12", await weak.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        using var taken = await JoinAsync(client, made.Path, "admin");
        Assert.Contains("already taken", await taken.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        using var good = await JoinAsync(client, made.Path, "someone");
        Assert.Equal(HttpStatusCode.Redirect, good.StatusCode);
    }

    [Fact]
    public async Task Two_who_hold_one_link_make_one_member()
    {
        await using var app = await RunningApp.StartAsync();
        var made = await InviteAsync(app, Roles.Auditor);
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => Task.Run(() => app.Get<AcceptInvitation>().ExecuteAsync(made.Token, $"racer{i}", $"Racer {i}", Password, null, CancellationToken.None))));
        Assert.Single(outcomes.OfType<AcceptOutcome.Joined>());
        Assert.Equal(5, outcomes.OfType<AcceptOutcome.NotOpen>().Count());
    }

    [Fact]
    public async Task Link_ends_after_three_days_when_taken_back_and_when_its_maker_may_no_longer_invite()
    {
        var time = new ManualTime();
        time.Set(TimeProvider.System.GetUtcNow());
        await using var app = await RunningApp.StartAsync();
        var accept = new AcceptInvitation(app.Get<IServiceScopeFactory>(), app.Get<DomainGuard.Core.Scheduling.GuardClock>(), time, app.Get<Microsoft.Extensions.Options.IOptions<DomainGuard.Web.Hosting.DomainGuardOptions>>());
        var old = await InviteAsync(app, Roles.Auditor);
        Assert.NotNull(await accept.FindAsync(old.Token, CancellationToken.None));
        time.Advance(TimeSpan.FromDays(3) + TimeSpan.FromMinutes(1));
        Assert.Null(await accept.FindAsync(old.Token, CancellationToken.None));

        var admin = await app.StaffAsync("admin");
        var row = Assert.Single(await app.Get<StaffQueries>().InvitationsAsync(CancellationToken.None));
        Assert.IsType<StaffOutcome.Done>(await app.Get<RevokeInvitation>().ExecuteAsync(admin, row.Id, CancellationToken.None));
        Assert.IsType<StaffOutcome.Refused>(await app.Get<RevokeInvitation>().ExecuteAsync(admin, row.Id, CancellationToken.None));
        Assert.Null(await app.Get<AcceptInvitation>().FindAsync(old.Token, CancellationToken.None));

        // A second administrator leaves a link behind for himself, and is locked.
        var second = await InviteAsync(app, Roles.Administrator);
        var joined = Assert.IsType<AcceptOutcome.Joined>(await app.Get<AcceptInvitation>().ExecuteAsync(second.Token, "second", "Second", Password, null, CancellationToken.None));
        var back = Assert.IsType<InviteOutcome.Made>(await app.Get<InviteStaff>().ExecuteAsync(await app.StaffAsync("second"), "Me, later", [Roles.Administrator], CancellationToken.None));
        Assert.NotNull(await app.Get<AcceptInvitation>().FindAsync(back.Token, CancellationToken.None));
        Assert.IsType<StaffOutcome.Done>(await app.Get<LockStaff>().ExecuteAsync(admin, joined.UserId, "left in anger", CancellationToken.None));
        Assert.Null(await app.Get<AcceptInvitation>().FindAsync(back.Token, CancellationToken.None));
    }

    [Theory]
    [InlineData("/invitation/x")]
    [InlineData("/invitation/%00")]
    [InlineData("/invitation/..%2F..%2Fetc")]
    public async Task A_link_that_nobody_made_says_so(string path)
    {
        await using var app = await RunningApp.StartAsync();
        using var client = app.Client();
        using var answer = await client.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.True(answer.StatusCode is HttpStatusCode.Gone or HttpStatusCode.NotFound or HttpStatusCode.BadRequest, answer.StatusCode.ToString());
    }

    private static async Task<InviteOutcome.Made> InviteAsync(RunningApp app, params string[] roles) =>
        Assert.IsType<InviteOutcome.Made>(await app.Get<InviteStaff>().ExecuteAsync(await app.StaffAsync("admin"), "Mara", roles, CancellationToken.None));

    private static Task<HttpResponseMessage> JoinAsync(HttpClient client, string path, string userName, string password = Password) => RunningApp.PostFormAsync(
        client, path, "accept", ("Input.DisplayName", "Mara Ov"), ("Input.UserName", userName), ("Input.Password", password));
}
