using System.Linq.Expressions;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Domains;
using DomainGuard.Data.Paging;
using DomainGuard.Web.Shared;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Domains;

/// <summary>Order of the list of domains.</summary>
internal enum DomainSort
{
    Name,

    /// <summary>Nearest drop first; those without one are left out.</summary>
    Drop,

    /// <summary>Most addresses first.</summary>
    Addresses,

    /// <summary>Next check first; those never due are left out.</summary>
    Next,
}

/// <summary>What the list is narrowed to.</summary>
internal sealed record DomainFilter(string? Search = null, Phase? Phase = null, DomainFlags? Flag = null, string? Tld = null, HandChange? Hands = null, bool DueOnly = false)
{
    public bool IsEmpty => this == new DomainFilter();
}

/// <summary>A row of the list.</summary>
internal sealed record DomainRow(
    long Id, string Name, Phase Phase, DateTimeOffset? PhaseSince, DomainFlags Flags, HandChange HandChange, Confidence Confidence, int AddressCount, int MaxImpact, DateTimeOffset? ExpiresAt,
    DateTimeOffset? DropFrom, DateTimeOffset? DropTo, DateTimeOffset? LastAnsweredAt, DateTimeOffset? NextCheckAt);

/// <summary>Reads the list of domains.</summary>
internal sealed class DomainQueries(IDbContextFactory<GuardDb> dbs, GuardClock clock)
{
    internal const int MostCounted = 10_000;

    internal static readonly Expression<Func<Domain, DomainRow>> Row = d => new DomainRow(
        d.Id, d.Name, d.Phase, d.PhaseSince, d.Flags, d.HandChange, d.Confidence, d.AddressCount, d.MaxImpact, d.ExpiresAt, d.DropFrom, d.DropTo, d.LastAnsweredAt, d.NextCheckAt);

    public async Task<KeysetPage<DomainRow>> ListAsync(DomainFilter filter, DomainSort sort, ListPosition position, int size, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var source = Filtered(db, filter);
        return sort switch
        {
            DomainSort.Drop => await Keyset.PageAsync(source.Where(d => d.DropFrom != null), d => d.DropFrom!.Value, d => d.Id, false, position, size, Row, r => (r.DropFrom!.Value, r.Id), cancel),
            DomainSort.Addresses => await Keyset.PageAsync(source, d => d.AddressCount, d => d.Id, true, position, size, Row, r => (r.AddressCount, r.Id), cancel),
            DomainSort.Next => await Keyset.PageAsync(source.Where(d => d.NextCheckAt != null), d => d.NextCheckAt!.Value, d => d.Id, false, position, size, Row, r => (r.NextCheckAt!.Value, r.Id), cancel),
            _ => await Keyset.PageAsync(source, d => d.Name, d => d.Id, false, position, size, Row, r => (r.Name, r.Id), cancel),
        };
    }

    /// <summary>How many there are, counted up to 10,001.</summary>
    public async Task<int> CountAsync(DomainFilter filter, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        return await Filtered(db, filter).Select(d => d.Id).Take(MostCounted + 1).CountAsync(cancel);
    }

    private IQueryable<Domain> Filtered(GuardDb db, DomainFilter filter)
    {
        var domains = db.Domains.AsNoTracking().Where(d => d.WatchedFor != WatchedFor.None);
        if (filter.Search is { Length: > 0 } search)
        {
            var (from, to) = TextRange.OfPrefix(search);
#pragma warning disable CA1309 // Becomes a comparison in SQL; a range keeps the index, which LIKE would not.
            domains = domains.Where(d => string.Compare(d.Name, from) >= 0 && string.Compare(d.Name, to) < 0);
#pragma warning restore CA1309
        }

        if (filter.Phase is { } phase)
        {
            domains = domains.Where(d => d.Phase == phase);
        }

        if (filter.Flag is { } flag)
        {
            domains = domains.Where(d => (d.Flags & flag) != 0);
        }

        if (filter.Tld is { Length: > 0 } tld)
        {
            domains = domains.Where(d => d.Tld == tld);
        }

        if (filter.Hands is { } hands)
        {
            domains = domains.Where(d => d.HandChange == hands);
        }

        if (filter.DueOnly)
        {
            var now = clock.Now;
            domains = domains.Where(d => d.NextCheckAt <= now);
        }

        return domains;
    }
}
