using System.Globalization;
using DomainGuard.Core.Audit;
using DomainGuard.Core.Domains;
using DomainGuard.Data;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Cases;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Triage;

/// <summary>A case as an operation reads it before it changes it.</summary>
/// <param name="Case">The case; not tracked.</param>
/// <param name="Address">Its address; null for a case of the whole domain.</param>
/// <param name="Domain">Name of the domain.</param>
/// <param name="HandChange">Change of hands as it stands now: of the address, or of the domain as a whole.</param>
internal sealed record ReadCase(Case Case, Address? Address, string Domain, HandChange HandChange)
{
    /// <summary>Its version when it was read.</summary>
    public int Version { get; } = Case.Version;

    /// <summary>From when the baseline of its address was when it was read.</summary>
    public DateTimeOffset? Baseline { get; } = Address?.TrustedFrom;

    /// <summary>As it is to be written after a step.</summary>
    public CaseChange With(CaseStep step) => new(Case, Version, Address, step, Baseline);
}

/// <summary>Reads cases for the operations that change them.</summary>
internal static class CaseReading
{
    private const int Page = 1_000;
    private const int MostNamed = 100;

    /// <summary>Cases by number, in the order of their numbers; at most 10,000 are asked for. Those that do not exist are left out.</summary>
    public static async Task<List<ReadCase>> ReadAsync(GuardDb db, IEnumerable<long> ids, CancellationToken cancel)
    {
        List<ReadCase> found = [];
        foreach (var page in ids.Distinct().Order().Chunk(Page))
        {
            var rows = await db.Cases.AsNoTracking().Where(c => EF.Parameter(page).Contains(c.Id)).OrderBy(c => c.Id).Select(c => new { Case = c, c.Address, c.Domain!.Name, Hands = c.Domain.HandChange }).ToListAsync(cancel);
            found.AddRange(rows.Select(r => new ReadCase(r.Case, r.Address, r.Name, r.Address?.HandChange ?? r.Hands)));
        }

        return found;
    }

    /// <summary>Who was faster, for the first hundred of some cases that are not as they were read.</summary>
    public static async Task<IReadOnlyList<CaseConflict>> ConflictsAsync(GuardDb db, IEnumerable<(ReadCase Now, int SeenVersion)> changed, CancellationToken cancel)
    {
        var named = changed.Take(MostNamed).ToList();
        var ids = named.Select(n => n.Now.Case.Id).ToArray();
        var latest = await db.Decisions.AsNoTracking()
            .Where(d => EF.Parameter(ids).Contains(d.CaseId) && !db.Decisions.Any(x => x.CaseId == d.CaseId && x.CaseVersion > d.CaseVersion))
            .ToDictionaryAsync(d => d.CaseId, cancel);
        var names = await NamesAsync(db, latest.Values, cancel);
        return named.ConvertAll(n =>
        {
            var (state, version) = (n.Now.Case.State, n.Now.Case.Version);
            return latest.TryGetValue(n.Now.Case.Id, out var d) && d.CaseVersion > n.SeenVersion
                ? new CaseConflict(n.Now.Case.Id, state, version, Name(d, names), d.At, d.Reason, d.Until)
                : new CaseConflict(n.Now.Case.Id, state, version, null, null, null, null);
        });
    }

    /// <summary>Names of the staff and the keys of the API behind some decisions.</summary>
    public static async Task<IReadOnlyDictionary<Guid, string>> NamesAsync(GuardDb db, IEnumerable<Decision> decisions, CancellationToken cancel)
    {
        var ids = decisions.Where(d => d.ActorKind is AuditActorKind.Staff or AuditActorKind.Key).Select(d => Guid.TryParse(d.ActorId, out var id) ? id : Guid.Empty).Distinct().ToArray();
        if (ids.Length == 0)
        {
            return new Dictionary<Guid, string>();
        }

        var staff = await db.Users.AsNoTracking().Where(u => EF.Parameter(ids).Contains(u.Id)).Select(u => new { u.Id, Name = u.DisplayName }).ToListAsync(cancel);
        var keys = await db.ApiKeys.AsNoTracking().Where(k => EF.Parameter(ids).Contains(k.Id)).Select(k => new { k.Id, k.Name }).ToListAsync(cancel);
        return staff.Concat(keys).ToDictionary(n => n.Id, n => n.Name);
    }

    /// <summary>Who decided, as shown.</summary>
    public static string Name(Decision decision, IReadOnlyDictionary<Guid, string> names) => decision.ActorKind switch
    {
        AuditActorKind.Staff => names.GetValueOrDefault(Guid.Parse(decision.ActorId, CultureInfo.InvariantCulture)) ?? "a former colleague",
        AuditActorKind.Policy => "policy v" + decision.ActorId,
        AuditActorKind.Owner => "the owner",
        AuditActorKind.Key => "API key " + (Guid.TryParse(decision.ActorId, out var key) && names.TryGetValue(key, out var name) ? name : decision.ActorId),
        _ => "DomainGuard",
    };
}
