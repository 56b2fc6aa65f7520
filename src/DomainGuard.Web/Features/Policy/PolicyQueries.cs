using DomainGuard.Core.Policy;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Policies;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Policy;

/// <summary>A version in the list.</summary>
/// <param name="Version">Its number.</param>
/// <param name="SavedAt">Since when in force (UTC).</param>
/// <param name="SavedBy">Who saved it; null for the first, and when he is no longer known.</param>
/// <param name="Comment">Why.</param>
internal sealed record PolicyVersionRow(int Version, DateTimeOffset SavedAt, string? SavedBy, string? Comment);

/// <summary>A change that waits for a second person.</summary>
/// <param name="Id">Key.</param>
/// <param name="Kind">What is proposed.</param>
/// <param name="BasedOn">The version that it changes.</param>
/// <param name="Policy">The policy as it would be; null for what is none.</param>
/// <param name="Comment">Why.</param>
/// <param name="ProposedBy">Key of whom proposed it.</param>
/// <param name="Name">His name.</param>
/// <param name="ProposedAt">When (UTC).</param>
/// <param name="ExpiresAt">Until when it can be approved (UTC).</param>
public sealed record ProposalRow(Guid Id, ProposalKind Kind, int BasedOn, GuardPolicy? Policy, string Comment, Guid ProposedBy, string? Name, DateTimeOffset ProposedAt, DateTimeOffset ExpiresAt);

/// <summary>Reads versions of the policy and proposals.</summary>
internal sealed class PolicyQueries(IDbContextFactory<GuardDb> dbs, GuardClock clock)
{
    private const int MostProposals = 50;

    /// <summary>Versions below a number, the latest first.</summary>
    public async Task<IReadOnlyList<PolicyVersionRow>> VersionsAsync(int? below, int size, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var limit = below ?? int.MaxValue;
        return await Rows(db, db.PolicyVersions.Where(p => p.Version < limit).OrderByDescending(p => p.Version).Take(size)).ToListAsync(cancel);
    }

    /// <summary>The version in force.</summary>
    public async Task<PolicyVersionRow?> LatestAsync(CancellationToken cancel) => (await VersionsAsync(null, 1, cancel)) is [var latest] ? latest : null;

    /// <summary>A certain version; null when there is none.</summary>
    public async Task<PolicyVersionRow?> VersionAsync(int version, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        return await Rows(db, db.PolicyVersions.Where(p => p.Version == version)).FirstOrDefaultAsync(cancel);
    }

    /// <summary>Changes that wait for a second person, the oldest first.</summary>
    public async Task<IReadOnlyList<ProposalRow>> ProposalsAsync(CancellationToken cancel)
    {
        var now = clock.Now;
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var waiting = await db.PolicyProposals.AsNoTracking().Where(p => p.State == ProposalState.Waiting && p.ExpiresAt > now).OrderBy(p => p.ExpiresAt).ThenBy(p => p.Id).Take(MostProposals).ToListAsync(cancel);
        var ids = waiting.Select(p => p.ProposedBy).Distinct().ToList();
        var names = await db.Users.AsNoTracking().Where(u => ids.Contains(u.Id)).ToDictionaryAsync(u => u.Id, u => u.DisplayName, cancel);
        return waiting.ConvertAll(p => new ProposalRow(
            p.Id, p.Kind, p.BasedOn, p.Json is null ? null : GuardPolicy.Parse(p.Json), p.Comment, p.ProposedBy, names.GetValueOrDefault(p.ProposedBy), p.ProposedAt, p.ExpiresAt));
    }

    /// <summary>Whether a change of the policy needs a second person.</summary>
    public async Task<bool> NeedsSecondPersonAsync(CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        return await InstallationSettings.IsOnAsync(db, InstallationSettings.RequireSecondPerson, otherwise: false, cancel);
    }

    private static IQueryable<PolicyVersionRow> Rows(GuardDb db, IQueryable<PolicyVersion> versions) =>
        versions.AsNoTracking().Select(p => new PolicyVersionRow(p.Version, p.SavedAt, db.Users.Where(u => u.Id == p.SavedBy).Select(u => u.DisplayName).FirstOrDefault(), p.Comment));
}
