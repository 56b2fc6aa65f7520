using DomainGuard.Core.Cases;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Policy;
using DomainGuard.Data;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Cases;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Gate;

/// <summary>An address as the gate reads it: one row by the index of addresses, with its domain.</summary>
internal sealed record GateRow(
    long AddressId, long AccountId, bool? TwoFactor, long DomainId, string Domain, AddressState State, HandChange HandChange, Confidence HandConfidence,
    Phase Phase, DomainFlags Flags, Confidence Confidence, int AddressCount, DateTimeOffset AddedAt, DateTimeOffset? LastAnsweredAt, DateTimeOffset? LastTriedAt, bool IsMarked, bool HasCase)
{
    /// <summary>
    /// When this address was last judged. Whether its domain changed hands is judged for the addresses that are there when the domain is answered for: one that came later was never
    /// judged, however young the evidence of its domain is.
    /// </summary>
    public DateTimeOffset? JudgedAt => LastAnsweredAt >= AddedAt ? LastAnsweredAt : null;

    /// <summary>What the policy makes of the row alone. Where that is milder than a review, nothing else of the finding matters.</summary>
    public Finding Glance(GuardPolicy policy) => PolicyEvaluator.Evaluate(policy, new FindingFacts
    {
        Phase = Phase,
        Flags = Flags,
        Confidence = Confidence,
        HandChange = HandChange,
        HandConfidence = HandConfidence,
        HasMoved = true,
        AddressCount = AddressCount,
    });

    /// <summary>A case as the gate looks at it.</summary>
    public static GateCase? Of(Case? @case, CaseFacts now) =>
        @case is null ? null : new GateCase(@case.State, @case.DecidedFacts.IsWorse(now), @case.IsContested, @case is { BatchId: not null, State: CaseState.NeedsReview });
}

/// <summary>Reads the addresses that a question means, by a query that is compiled once.</summary>
internal sealed class GateReader
{
    /// <summary>One address of so many accounts is asked for; what lies beyond is answered as these are.</summary>
    private const int MostAccounts = 50;

    private readonly Func<GuardDb, string, string?, IAsyncEnumerable<GateRow>> _rows = EF.CompileAsyncQuery((GuardDb db, string email, string? account) => db.Addresses.AsNoTracking()
        .Where(a => a.SearchEmail == email && a.RetiredAt == null && a.Account!.RetiredAt == null && (account == null || a.Account.ExternalId == account))
        .OrderBy(a => a.Id)
        .Take(MostAccounts)
        .Select(a => new GateRow(
            a.Id, a.AccountId, a.Account!.TwoFactor, a.DomainId, a.Domain!.Name, a.State, a.HandChange, a.HandConfidence,
            a.Domain.Phase, a.Domain.Flags, a.Domain.Confidence, a.Domain.AddressCount, a.AddedAt, a.Domain.LastAnsweredAt, a.Domain.LastTriedAt, a.Domain.FindingsDueAt != null, a.Domain.HasCase)));

    /// <summary>Reads them.</summary>
    /// <param name="db">The context.</param>
    /// <param name="searchEmail">The address as lists search it.</param>
    /// <param name="accountId">The platform's id of the account; null for all that have the address.</param>
    /// <param name="cancel">Cancels.</param>
    public async Task<List<GateRow>> ReadAsync(GuardDb db, string searchEmail, string? accountId, CancellationToken cancel)
    {
        var rows = new List<GateRow>(1);
        await foreach (var row in _rows(db, searchEmail, accountId).WithCancellation(cancel))
        {
            rows.Add(row);
        }

        return rows;
    }
}
