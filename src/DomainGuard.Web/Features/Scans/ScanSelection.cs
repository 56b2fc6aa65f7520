using DomainGuard.Core.Addresses;
using DomainGuard.Core.Domains;
using DomainGuard.Data;
using DomainGuard.Data.Domains;
using DomainGuard.Data.Scans;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Scans;

/// <summary>What is to be scanned, checked: the scope and its target in normal form, or a sentence that says what is wrong.</summary>
/// <param name="Scope">Scope.</param>
/// <param name="Target">Domain (A-label), platform's account id, TLD or phase name; null for the other scopes.</param>
/// <param name="Problem">Why it cannot be scanned, in words; null when it can.</param>
internal sealed record ScanSelection(ScanScope Scope, string? Target, string? Problem)
{
    /// <summary>Checks scope and target against the database: an unknown domain, account, TLD or phase is a mistake, not an empty scan.</summary>
    public static async Task<ScanSelection> ResolveAsync(GuardDb db, ScanScope scope, string? target, CancellationToken cancel)
    {
        var text = (target ?? "").Trim();
        return scope switch
        {
            ScanScope.Domain => await DomainAsync(db, text, cancel),
            ScanScope.Account => await AccountAsync(db, text, cancel),
            ScanScope.Tld => await TldAsync(db, text, cancel),
            ScanScope.Phase => Phase(text),
            _ when text.Length > 0 => Wrong(scope, $"A scan of scope {scope} takes no target."),
            _ => new(scope, null, null),
        };
    }

    /// <summary>The domains it means, unordered. Only those that are watched and can be looked up.</summary>
    public static IQueryable<Domain> Domains(GuardDb db, ScanScope scope, string? target, DateTimeOffset requestedAt)
    {
        var watched = db.Domains.AsNoTracking().Where(d => d.WatchedFor != WatchedFor.None && d.Phase != Core.Domains.Phase.NotApplicable);
        switch (scope)
        {
            case ScanScope.Due:
                return watched.Where(d => d.NextCheckAt <= requestedAt);
            case ScanScope.DnsSweep:
                return watched.Where(d => d.NextSweepAt <= requestedAt);
            case ScanScope.Domain:
                return watched.Where(d => d.Name == target);
            case ScanScope.Tld:
                return watched.Where(d => d.Tld == target);
            case ScanScope.Phase:
                var phase = Enum.Parse<Phase>(target!);
                return watched.Where(d => d.Phase == phase);
            case ScanScope.Account:
                return watched.Where(d => db.Addresses.Any(a => a.DomainId == d.Id && a.RetiredAt == null && a.Account!.ExternalId == target));
            default:
                return watched;
        }
    }

    private static async Task<ScanSelection> DomainAsync(GuardDb db, string text, CancellationToken cancel)
    {
        if (text.Contains('@', StringComparison.Ordinal))
        {
            return Wrong(ScanScope.Domain, $"\"{text}\" is an address: name the part after the @.");
        }

        if (!DomainName.TryNormalise(text, out var name, out var error))
        {
            return Wrong(ScanScope.Domain, $"\"{text}\" is not a domain name: {error}");
        }

        var known = await db.Domains.AsNoTracking().Where(d => d.Name == name).Select(d => new { d.WatchedFor, d.Phase }).FirstOrDefaultAsync(cancel);
        if (known is null)
        {
            var registrable = PublicSuffixList.Shipped.Match(name).Registrable;
            return Wrong(
                ScanScope.Domain,
                registrable is not null && registrable != name && await db.Domains.AnyAsync(d => d.Name == registrable, cancel)
                    ? $"{name} is not watched by itself; it lies in {registrable}, which is."
                    : $"No account has an address in {name}.");
        }

        return known.Phase == Core.Domains.Phase.NotApplicable ? Wrong(ScanScope.Domain, $"{name} cannot be registered, so there is nothing to look up.")
            : known.WatchedFor == WatchedFor.None ? Wrong(ScanScope.Domain, $"{name} is not watched any more: its last address was removed.")
            : new(ScanScope.Domain, name, null);
    }

    private static async Task<ScanSelection> AccountAsync(GuardDb db, string text, CancellationToken cancel)
    {
        var account = await db.Accounts.AsNoTracking().Where(a => a.ExternalId == text).Select(a => new { a.RetiredAt }).FirstOrDefaultAsync(cancel);
        return account is null ? Wrong(ScanScope.Account, $"No account has the id \"{text}\".")
            : account.RetiredAt is not null ? Wrong(ScanScope.Account, $"Account \"{text}\" is retired: it was not in the last full list.")
            : new(ScanScope.Account, text, null);
    }

    private static async Task<ScanSelection> TldAsync(GuardDb db, string text, CancellationToken cancel)
    {
        var bare = text.TrimStart('.');
        if (!DomainName.TryNormalise("x." + bare, out var name, out _) || DomainName.Tld(name) is not { Length: > 0 } tld || name != "x." + tld)
        {
            return Wrong(ScanScope.Tld, $"\"{text}\" is not a top-level domain: name its last label, such as \"org\".");
        }

        return await db.Domains.AnyAsync(d => d.Tld == tld && d.WatchedFor != WatchedFor.None, cancel)
            ? new(ScanScope.Tld, tld, null)
            : Wrong(ScanScope.Tld, $"No watched domain ends in .{tld}.");
    }

    private static ScanSelection Phase(string text) =>
        Enum.TryParse<Phase>(text, ignoreCase: true, out var phase) && Enum.IsDefined(phase) && !char.IsAsciiDigit(text[0]) && phase != Core.Domains.Phase.NotApplicable
            ? new(ScanScope.Phase, phase.ToString(), null)
            : Wrong(ScanScope.Phase, $"\"{text}\" is not a phase that can be scanned: name one of {string.Join(", ", Enum.GetNames<Phase>().Where(p => p != nameof(Core.Domains.Phase.NotApplicable)))}.");

    private static ScanSelection Wrong(ScanScope scope, string problem) => new(scope, null, problem);
}
