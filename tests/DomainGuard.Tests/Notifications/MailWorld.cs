using System.Collections.Concurrent;
using DomainGuard.Core.Cases;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Mails;
using DomainGuard.Data.Providers;
using DomainGuard.Data.Staff;
using DomainGuard.Tests.Findings;
using DomainGuard.Tests.Infrastructure;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Audit;
using DomainGuard.Web.Features.Notifications;
using DomainGuard.Web.Features.Scans;
using DomainGuard.Web.Hosting;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using MimeKit;

namespace DomainGuard.Tests.Notifications;

/// <summary>Findings that become mails to staff, on SQLite or PostgreSQL, with a mail server on loopback and time that a test moves.</summary>
internal sealed class MailWorld : IAsyncDisposable
{
    public const string Root = "https://guard.example";

    private MailWorld(FindingsWorld findings, SmtpServer server)
    {
        (Findings, Server) = (findings, server);
        Mail = new MailOptions { Host = "127.0.0.1", Port = server.Port, Security = MailSecurity.None, From = "guard@corp.example", FromName = "DomainGuard" };
        var (mail, options) = (Options.Create(Mail), Options.Create(new DomainGuardOptions { PublicUrl = Root }));
        var (dbs, clock) = (findings.Get<IDbContextFactory<GuardDb>>(), findings.Get<GuardClock>());
        Seal = new SealEntries(dbs, findings.Get<ScanNode>());
        Read = new ReadNews(dbs, mail, Time);
        Make = new MakeMails(dbs, mail, options, clock, Time);
        Send = new SendMails(dbs, mail, Time, Log);
        Change = new ChangeOwnMail(dbs, mail, options, clock, Time);
        Queries = new MailQueries(dbs, mail);
        Drop = new DropOldMails(dbs, Time);
    }

    public static TheoryData<DatabaseProvider> Providers => FindingsWorld.Providers;

    public FindingsWorld Findings { get; }

    public SmtpServer Server { get; }

    public MailOptions Mail { get; }

    public ManualTime Time { get; } = new();

    public KeptLog Log { get; } = new();

    public SealEntries Seal { get; }

    public ReadNews Read { get; }

    public MakeMails Make { get; }

    public SendMails Send { get; }

    public ChangeOwnMail Change { get; }

    public MailQueries Queries { get; }

    public DropOldMails Drop { get; }

    public static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public IReadOnlyList<(string To, MimeMessage Message)> Got => [.. Server.Got];

    public static async Task<MailWorld> CreateAsync(DatabaseProvider provider) => new(await FindingsWorld.CreateAsync(provider), SmtpServer.Start());

    public Task<GuardDb> OpenAsync() => Findings.OpenAsync();

    /// <summary>A member of staff who wants mail at name@staff.example.</summary>
    public async Task<StaffMember> JoinAsync(string name, Severity? from = Severity.Low, bool isDaily = false, params string[] roles)
    {
        await using var db = await OpenAsync();
        var user = new GuardUser { Id = Guid.CreateVersion7(), UserName = name, NormalizedUserName = name.ToUpperInvariant(), DisplayName = name, JoinedAt = Findings.Now, SecurityStamp = "x" };
        db.Users.Add(user);
        foreach (var role in roles.Length == 0 ? [Roles.Analyst] : roles)
        {
            if (await db.Roles.FirstOrDefaultAsync(r => r.Name == role, Cancel) is not { } row)
            {
                db.Roles.Add(row = new IdentityRole<Guid>(role) { Id = Guid.CreateVersion7(), NormalizedName = role.ToUpperInvariant() });
            }

            db.UserRoles.Add(new IdentityUserRole<Guid> { UserId = user.Id, RoleId = row.Id });
        }

        await db.SaveChangesAsync(Cancel);
        var member = new StaffMember(user.Id, name, roles.ToHashSet(), "127.0.0.1");
        Assert.IsType<OwnMailOutcome.Done>(await Change.ChangeAsync(member, $"{name}@staff.example", from, isDaily, Cancel));
        return member;
    }

    public async Task LockAsync(StaffMember member, bool isLocked = true)
    {
        await using var db = await OpenAsync();
        await db.Users.Where(u => u.Id == member.Id).ExecuteUpdateAsync(s => s.SetProperty(u => u.LockoutEnd, isLocked ? new DateTimeOffset(9999, 1, 1, 0, 0, 0, TimeSpan.Zero) : (DateTimeOffset?)null), Cancel);
    }

    /// <summary>Gives the case of a domain a severity, as a finding would.</summary>
    public async Task RateAsync(string domain, Severity severity)
    {
        await using var db = await OpenAsync();
        await db.Cases.Where(c => c.Domain!.Name == domain).ExecuteUpdateAsync(s => s.SetProperty(c => c.Severity, severity).SetProperty(c => c.Points, 10 * ((int)severity + 1)), Cancel);
    }

    /// <summary>An entry of the audit trail.</summary>
    public async Task NoteAsync(AuditFact fact)
    {
        await using var db = await OpenAsync();
        AuditTrail.Add(db, fact);
        await db.SaveChangesAsync(Cancel);
    }

    /// <summary>Seals, and reads news.</summary>
    public async Task<int> ReadAsync()
    {
        await Seal.ExecuteAsync(Cancel);
        return await Read.ExecuteAsync(Cancel);
    }

    /// <summary>Seals, reads, lets the minute pass, makes mails and sends them.</summary>
    public async Task<int> TellAsync()
    {
        await ReadAsync();
        Time.Advance(TimeSpan.FromSeconds(45));
        var made = await Make.ExecuteAsync(Cancel);
        await Send.ExecuteAsync(Cancel);
        return made;
    }

    public async Task<IReadOnlyList<Mail>> MailsAsync()
    {
        await using var db = await OpenAsync();
        return await db.Mails.AsNoTracking().OrderBy(m => m.CreatedAt).ThenBy(m => m.Id).ToListAsync(Cancel);
    }

    public async ValueTask DisposeAsync()
    {
        Seal.Dispose();
        await Server.DisposeAsync();
        await Findings.DisposeAsync();
    }

    /// <summary>What was logged.</summary>
    internal sealed class KeptLog : ILogger<SendMails>
    {
        public ConcurrentQueue<string> Lines { get; } = new();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Lines.Enqueue(formatter(state, exception) + exception);
    }
}
