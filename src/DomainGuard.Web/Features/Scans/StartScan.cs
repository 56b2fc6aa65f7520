using DomainGuard.Core.Audit;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Scans;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Policy;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Scans;

/// <summary>What became of the wish to start a scan.</summary>
internal abstract record StartOutcome
{
    /// <summary>It is on its way; <see cref="RunScan"/> works it.</summary>
    /// <param name="ScanId">Its number.</param>
    internal sealed record Started(long ScanId) : StartOutcome;

    /// <summary>The same scan is under way already: join it.</summary>
    /// <param name="ScanId">Its number.</param>
    internal sealed record Running(long ScanId) : StartOutcome;

    /// <summary>Nothing was due, so nothing was started.</summary>
    internal sealed record NothingDue : StartOutcome;

    /// <summary>It cannot be started.</summary>
    /// <param name="Problem">Why, in words.</param>
    internal sealed record Refused(string Problem) : StartOutcome;
}

/// <summary>How many domains a scan would look up.</summary>
/// <param name="Count">Domains.</param>
/// <param name="Problem">Why it cannot be started, in words; null when it can.</param>
internal sealed record ScanPreview(int Count, string? Problem);

/// <summary>Starts a scan: writes it down, no more. Its list is made and worked by <see cref="RunScan"/>, on whatever node takes it.</summary>
internal sealed partial class StartScan(IDbContextFactory<GuardDb> dbs, IdAllocator ids, PolicyStore policies, GuardClock clock, ILogger<StartScan> log)
{
    /// <summary>Counts what a scan would look up, without starting it.</summary>
    public async Task<ScanPreview> PreviewAsync(ScanScope scope, string? target, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var selection = await ScanSelection.ResolveAsync(db, scope, target, cancel);
        return selection.Problem is { } problem
            ? new(0, problem)
            : new(await ScanSelection.Domains(db, selection.Scope, selection.Target, clock.Now).CountAsync(cancel), null);
    }

    /// <summary>
    /// Writes the scan down. When the same scope and target is under way it is that one that is given back. The schedule leaves no trace when nothing is due;
    /// a person gets a scan that ends at once, complete, with nothing.
    /// </summary>
    public Task<StartOutcome> ExecuteAsync(ScanScope scope, string? target, Requester by, CancellationToken cancel) => ExecuteAsync(scope, target, by, observeOnly: false, cancel);

    /// <summary>The same; with <paramref name="observeOnly"/> it looks and judges, and decides nothing. So does every scan while the installation only observes.</summary>
    public async Task<StartOutcome> ExecuteAsync(ScanScope scope, string? target, Requester by, bool observeOnly, CancellationToken cancel)
    {
        var needed = scope is ScanScope.Domain or ScanScope.Account ? Policies.RescanOne : Policies.Operate;
        if (!by.May(needed))
        {
            return new StartOutcome.Refused($"This needs the role {string.Join(" or ", Policies.RolesOf(needed))}.");
        }

        await using var db = await dbs.CreateDbContextAsync(cancel);
        var selection = await ScanSelection.ResolveAsync(db, scope, target, cancel);
        if (selection.Problem is { } problem)
        {
            return new StartOutcome.Refused(problem);
        }

        var running = await db.Scans.AsNoTracking()
            .Where(s => s.Scope == selection.Scope && s.Target == selection.Target && (s.Status == ScanStatus.Preparing || s.Status == ScanStatus.Running || s.Status == ScanStatus.Paused))
            .OrderBy(s => s.Id)
            .Select(s => (long?)s.Id)
            .FirstOrDefaultAsync(cancel);
        if (running is { } id)
        {
            return new StartOutcome.Running(id);
        }

        var now = clock.Now;
        if (by == Requester.Schedule && !await ScanSelection.Domains(db, selection.Scope, selection.Target, now).AnyAsync(cancel))
        {
            return new StartOutcome.NothingDue();
        }

        var scan = new Scan
        {
            Id = await ids.NextAsync(IdAllocator.Scan, cancel),
            Scope = selection.Scope,
            Target = selection.Target,
            Status = ScanStatus.Preparing,
            RequestedBy = by.Name,
            RequestedAt = now,
            PolicyVersion = (await policies.CurrentAsync(cancel)).Version,
            ObserveOnly = observeOnly || await InstallationSettings.IsOnAsync(db, InstallationSettings.ObserveOnly, true, cancel),
            Version = 1,
        };
        db.Scans.Add(scan);
        AuditTrail.Add(db, new AuditFact(AuditAction.ScanStarted, by.Actor, now)
        {
            ScanId = scan.Id,
            DomainName = scan.Scope == ScanScope.Domain ? scan.Target : null,
            AccountId = scan.Scope == ScanScope.Account ? await db.Accounts.Where(a => a.ExternalId == scan.Target).Select(a => (long?)a.Id).FirstOrDefaultAsync(cancel) : null,
            Changes = [("scope", null, scan.Scope), ("target", null, scan.Scope is ScanScope.Tld or ScanScope.Phase ? scan.Target : null)],
        });
        await db.SaveChangesAsync(cancel);
        Log.Started(log, scan.Id, scan.Scope, by.Actor.Kind);
        return new StartOutcome.Started(scan.Id);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Scan {Scan} ({Scope}) asked for by {By}")]
        public static partial void Started(ILogger logger, long scan, ScanScope scope, AuditActorKind by);
    }
}
