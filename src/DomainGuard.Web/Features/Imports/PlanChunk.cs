using DomainGuard.Data;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Imports;

/// <summary>Plans for staged accounts, those that we hold: loads what we hold of them and compares.</summary>
internal static class PlanChunk
{
    public static async Task<List<AccountPlan>> MakeAsync(GuardDb db, IReadOnlyList<StagedAccount> accounts, bool isPartial, bool hasNameless, DateTimeOffset now, CancellationToken cancel)
    {
        if (accounts.Count == 0)
        {
            return [];
        }

        // One parameter, whatever the number of ids: SQL Server takes 2,100 at most.
        var externalIds = accounts.Select(a => a.ExternalId).ToArray();
        var held = await db.Accounts.AsNoTracking().Where(a => EF.Parameter(externalIds).Contains(a.ExternalId)).ToDictionaryAsync(a => a.ExternalId, StringComparer.Ordinal, cancel);
        var ids = held.Values.Select(a => a.Id).ToArray();
        var addresses = (await db.Addresses.AsNoTracking()
            .Where(a => EF.Parameter(ids).Contains(a.AccountId))
            .OrderBy(a => a.Id)
            .Select(a => new HeldAddress(
                a.Id, a.AccountId, a.DomainId, a.Email, a.IsPrimary, a.VerifiedAt, a.BaselineFrom, a.HandChange, a.RetiredAt, a.Version, a.Domain!.Phase, a.Domain.Flags, a.Domain.Confidence,
                a.Domain.LastAnsweredAt, a.Domain.HandChange, a.State, a.Domain.HasCase && db.Cases.Any(c => c.AddressId == a.Id && c.IsOpen), a.ClaimedAt, a.ClaimState, a.ClaimProof))
            .ToListAsync(cancel)).ToLookup(a => a.AccountId);
        return accounts.Where(a => held.ContainsKey(a.ExternalId)).Select(a =>
        {
            var account = held[a.ExternalId];
            return AccountPlan.Of(a, account, [.. addresses[account.Id]], isPartial, mayRetire: !isPartial && a.IsWhole && !hasNameless, now);
        }).ToList();
    }
}
