using DomainGuard.Core.Audit;
using DomainGuard.Core.Cases;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Providers;
using DomainGuard.Data.Scans;
using DomainGuard.Data.Webhooks;
using DomainGuard.Tests.Findings;
using DomainGuard.Web.Auth;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Tests.Notifications;

/// <summary>What becomes of news: for whom, when, and how many in one mail.</summary>
public sealed class MakeMailsTests
{
    public static TheoryData<DatabaseProvider> Providers => MailWorld.Providers;

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_lapse_is_mailed_within_a_minute_with_what_one_must_know_and_a_link(DatabaseProvider provider)
    {
        await using var world = await MailWorld.CreateAsync(provider);
        await world.Findings.AddAsync("gone.com", "fine.com");
        await world.JoinAsync("ada");
        await world.Findings.FindAsync(Life.Redemption, "gone.com");
        await world.ReadAsync();
        Assert.Equal(0, await world.Make.ExecuteAsync(MailWorld.Cancel)); // gathered first
        world.Time.Advance(TimeSpan.FromSeconds(50));
        Assert.Equal(1, await world.Make.ExecuteAsync(MailWorld.Cancel));
        Assert.Equal(1, await world.Send.ExecuteAsync(MailWorld.Cancel));

        var (to, mail) = Assert.Single(world.Got);
        var @case = (await world.Findings.CaseAsync("gone.com"))!;
        Assert.Equal("ada@staff.example", to);
        Assert.Equal($"DomainGuard: 1 {@case.Severity.ToString().ToLowerInvariant()} case (gone.com)", mail.Subject);
        Assert.Equal(("auto-generated", "guard@corp.example"), (mail.Headers["Auto-Submitted"], mail.From.Mailboxes.Single().Address));
        Assert.Contains("gone.com, account ", mail.TextBody, StringComparison.Ordinal);
        Assert.Contains("Redemption · Unverified · drop in ", mail.TextBody, StringComparison.Ordinal);
        Assert.Contains($"{MailWorld.Root}/triage?case={@case.Id}", mail.TextBody, StringComparison.Ordinal);
        Assert.Contains($"href=\"{MailWorld.Root}/triage?case={@case.Id}\"", mail.HtmlBody, StringComparison.Ordinal);

        // Told once.
        world.Time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(0, await world.TellAsync());
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Each_is_told_from_the_severity_that_he_chose_and_administrators_of_the_machine(DatabaseProvider provider)
    {
        await using var world = await MailWorld.CreateAsync(provider);
        Severity[] severities = [Severity.Low, Severity.Medium, Severity.High, Severity.Critical];
        await world.Findings.AddAsync(severities.Select(s => $"{s}.com".ToLowerInvariant()));
        foreach (var severity in severities)
        {
            await world.JoinAsync($"analyst-{severity}".ToLowerInvariant(), severity);
        }

        await world.JoinAsync("admin", Severity.Critical, false, Roles.Administrator);
        await world.JoinAsync("quiet-admin", null, false, Roles.Administrator);
        var locked = await world.JoinAsync("locked");
        await world.LockAsync(locked);
        await using (var db = await world.OpenAsync())
        {
            var nobody = await world.JoinAsync("roleless");
            await db.UserRoles.Where(r => r.UserId == nobody.Id).ExecuteDeleteAsync(MailWorld.Cancel);
            var receiver = new WebhookEndpoint { Id = Guid.CreateVersion7(), Name = "<Platform>", Url = "https://p.example", CreatedAt = world.Findings.Now };
            db.WebhookEndpoints.Add(receiver);
            await db.SaveChangesAsync(MailWorld.Cancel);
            await world.NoteAsync(new AuditFact(AuditAction.WebhookChanged, AuditActor.System("webhooks"), world.Findings.Now) { Subject = $"webhook {receiver.Id:D}", Changes = [("state", WebhookState.On, WebhookState.Dead)] });
            await world.NoteAsync(new AuditFact(AuditAction.WebhookChanged, FindingsWorld.Administrator.Actor, world.Findings.Now) { Subject = $"webhook {receiver.Id:D}", Changes = [("state", WebhookState.On, WebhookState.Off)] });
        }

        await world.Findings.FindAsync(Life.Redemption, severities.Select(s => $"{s}.com".ToLowerInvariant()));
        foreach (var severity in severities)
        {
            await world.RateAsync($"{severity}.com".ToLowerInvariant(), severity);
        }

        await world.TellAsync();

        Assert.Equal(
            [
                ("admin@staff.example", "DomainGuard: 1 critical case (critical.com); 1 receiver switched off"),
                ("analyst-critical@staff.example", "DomainGuard: 1 critical case (critical.com)"),
                ("analyst-high@staff.example", "DomainGuard: 1 critical case, 1 less severe"),
                ("analyst-low@staff.example", "DomainGuard: 1 critical case, 3 less severe"),
                ("analyst-medium@staff.example", "DomainGuard: 1 critical case, 2 less severe"),
            ],
            world.Got.Select(g => (g.To, g.Message.Subject)).Order());
        var admin = world.Got.Single(g => g.To.StartsWith("admin@", StringComparison.Ordinal)).Message;
        Assert.Contains("Receiver <Platform> was switched off", admin.TextBody, StringComparison.Ordinal);
        Assert.Contains("Receiver &lt;Platform&gt; was switched off", admin.HtmlBody, StringComparison.Ordinal);

        // What happened while he was locked is not told afterwards.
        await world.LockAsync(locked, isLocked: false);
        world.Time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(0, await world.TellAsync());
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Five_hundred_cases_are_one_mail_with_the_worst_twenty(DatabaseProvider provider)
    {
        await using var world = await MailWorld.CreateAsync(provider);
        await world.JoinAsync("ada");
        await world.JoinAsync("boss", Severity.High, false, Roles.Administrator);
        await world.Findings.AddAsync(FindingsWorld.Names(500));
        await world.Findings.FindAsync(Life.Redemption, FindingsWorld.Names(500));
        await using (var db = await world.OpenAsync())
        {
            await db.Cases.ExecuteUpdateAsync(s => s.SetProperty(c => c.Severity, Severity.Medium).SetProperty(c => c.Points, 5), MailWorld.Cancel);
        }

        foreach (var name in FindingsWorld.Names(3))
        {
            await world.RateAsync(name, Severity.Critical);
        }

        Assert.Equal(2, await world.TellAsync());
        var ada = world.Got.Single(g => g.To == "ada@staff.example").Message;
        Assert.Equal("DomainGuard: 3 critical cases, 497 less severe", ada.Subject);
        Assert.StartsWith("500 cases: 3 critical, 497 medium", ada.TextBody, StringComparison.Ordinal);
        Assert.Equal(["d1.com", "d2.com", "d3.com"], ada.TextBody!.Split('\n').Where(l => l.StartsWith("Critical: ", StringComparison.Ordinal)).Select(l => l[10..l.IndexOf(',', StringComparison.Ordinal)]).Order());
        Assert.Equal(20, ada.TextBody!.Split("/triage?case=").Length - 1);
        Assert.Contains($"and 480 more\n{MailWorld.Root}/triage?view=open&severity=critical,high,medium,low", ada.TextBody!.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        var boss = world.Got.Single(g => g.To == "boss@staff.example").Message;
        Assert.Equal("DomainGuard: 3 critical cases; 1 batch behind the brake", boss.Subject);
        Assert.Contains($"{MailWorld.Root}/batches/", boss.TextBody, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task After_a_mail_the_rest_joins_the_next_ten_minutes_later(DatabaseProvider provider)
    {
        await using var world = await MailWorld.CreateAsync(provider);
        await world.JoinAsync("ada");
        await world.Findings.AddAsync("a.com", "b.com", "c.com");
        await world.Findings.FindAsync(Life.Redemption, "a.com");
        Assert.Equal(1, await world.TellAsync());
        await world.Findings.FindAsync(Life.Redemption, "b.com");
        Assert.Equal(0, await world.TellAsync());
        await world.Findings.FindAsync(Life.Redemption, "c.com");
        world.Time.Advance(TimeSpan.FromMinutes(8));
        Assert.Equal(0, await world.TellAsync());
        world.Time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(1, await world.TellAsync());
        Assert.StartsWith("2 cases", world.Got[^1].Message.TextBody, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_digest_comes_at_eight_with_the_day_and_not_at_all_when_there_was_nothing(DatabaseProvider provider)
    {
        await using var world = await MailWorld.CreateAsync(provider);
        await world.JoinAsync("ada", Severity.Low, isDaily: true);
        await world.Findings.AddAsync("a.com", "b.com");
        await world.Findings.FindAsync(Life.Redemption, "a.com");
        Assert.Equal(0, await world.TellAsync()); // it is noon
        world.Time.Advance(TimeSpan.FromHours(19));
        Assert.Equal(0, await world.TellAsync()); // seven
        world.Time.Advance(TimeSpan.FromHours(1));
        await world.Findings.FindAsync(Life.Redemption, "b.com"); // after eight: of the next day
        Assert.Equal(1, await world.TellAsync());
        Assert.EndsWith("case (a.com)", Assert.Single(world.Got).Message.Subject, StringComparison.Ordinal);
        Assert.StartsWith("DomainGuard today: ", world.Got[0].Message.Subject, StringComparison.Ordinal);
        world.Time.Advance(TimeSpan.FromHours(23));
        Assert.Equal(0, await world.TellAsync());
        world.Time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(1, await world.TellAsync());
        Assert.EndsWith("case (b.com)", world.Got[1].Message.Subject, StringComparison.Ordinal);
        world.Time.Advance(TimeSpan.FromHours(24));
        Assert.Equal(0, await world.TellAsync());
        Assert.Equal(2, world.Got.Count);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Who_knocks_who_contests_and_a_void_scan_are_told_and_nothing_from_before_one_asked(DatabaseProvider provider)
    {
        await using var world = await MailWorld.CreateAsync(provider);
        await world.Findings.AddAsync("gone.com", "old.com");
        await world.Findings.FindAsync(Life.Redemption, "gone.com", "old.com");
        await world.ReadAsync();
        await world.JoinAsync("ada", Severity.Low, false, Roles.Administrator, Roles.Auditor);
        var @case = (await world.Findings.CaseAsync("gone.com"))!;
        for (var i = 0; i < 3; i++)
        {
            await world.NoteAsync(new AuditFact(AuditAction.GateDenied, AuditActor.System("platform"), world.Findings.Now) { CaseId = @case.Id, AddressId = @case.AddressId, DomainName = "gone.com" });
        }

        await world.NoteAsync(new AuditFact(AuditAction.GateDenied, AuditActor.System("platform"), world.Findings.Now)); // an address that is not known
        await world.NoteAsync(new AuditFact(AuditAction.VerificationContested, AuditActor.System("platform"), world.Findings.Now) { CaseId = @case.Id, DomainName = "gone.com" });
        await world.NoteAsync(new AuditFact(AuditAction.ScanEnded, AuditActor.System("scan"), world.Findings.Now) { ScanId = 1, Changes = [("status", ScanStatus.Running, ScanStatus.Completed), ("result", null, ScanResult.Void)] });
        await world.NoteAsync(new AuditFact(AuditAction.ScanEnded, AuditActor.System("scan"), world.Findings.Now) { ScanId = 1, Changes = [("status", ScanStatus.Running, ScanStatus.Cancelled), ("result", null, ScanResult.Void)] });
        await world.NoteAsync(new AuditFact(AuditAction.ScanEnded, AuditActor.System("scan"), world.Findings.Now) { ScanId = 1, Changes = [("status", ScanStatus.Running, ScanStatus.Completed), ("result", null, ScanResult.Partial)] });
        Assert.Equal(1, await world.TellAsync());

        var mail = Assert.Single(world.Got).Message;
        Assert.EndsWith("case (gone.com); 1 void scan", mail.Subject, StringComparison.Ordinal);
        Assert.Contains("verified anew, contested · a recovery mail was refused: somebody is knocking", mail.TextBody, StringComparison.Ordinal);
        Assert.Contains("Scan 1 (", mail.TextBody, StringComparison.Ordinal);
        Assert.DoesNotContain("old.com", mail.TextBody, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Two_nodes_make_each_mail_once(DatabaseProvider provider)
    {
        await using var world = await MailWorld.CreateAsync(provider);
        await world.JoinAsync("ada");
        await world.JoinAsync("ben");
        await world.Findings.AddAsync("gone.com");
        await world.Findings.FindAsync(Life.Redemption, "gone.com");
        await world.Seal.ExecuteAsync(MailWorld.Cancel);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => world.Read.ExecuteAsync(MailWorld.Cancel))));
        world.Time.Advance(TimeSpan.FromSeconds(45));
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => world.Make.ExecuteAsync(MailWorld.Cancel))));
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => world.Send.ExecuteAsync(MailWorld.Cancel))));

        Assert.Equal(["ada@staff.example", "ben@staff.example"], world.Got.Select(g => g.To).Order());
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Old_news_and_mails_are_let_go_and_what_waits_stays(DatabaseProvider provider)
    {
        await using var world = await MailWorld.CreateAsync(provider);
        await world.JoinAsync("ada");
        await world.Findings.AddAsync("a.com", "b.com");
        await world.Findings.FindAsync(Life.Redemption, "a.com");
        await world.TellAsync();
        world.Time.Advance(TimeSpan.FromDays(8));
        await world.Findings.FindAsync(Life.Redemption, "b.com");
        await world.ReadAsync();
        await world.Drop.ExecuteAsync(MailWorld.Cancel);
        await using var db = await world.OpenAsync();
        Assert.Equal(world.Time.GetUtcNow(), await db.MailNews.Select(n => n.ReadAt).Distinct().SingleAsync(MailWorld.Cancel));
        Assert.Single(await world.MailsAsync());
        world.Time.Advance(TimeSpan.FromDays(23));
        await world.Drop.ExecuteAsync(MailWorld.Cancel);
        Assert.Empty(await world.MailsAsync());
    }
}
