using DomainGuard.Data;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Imports;

/// <summary>Plans for a page of staged accounts: loads what we hold of them and compares.</summary>
internal static class PlanChunk
{
    public static async Task<List<AccountPlan>> MakeAsync(GuardDb db, StagedChunk chunk, bool isPartial, DateTimeOffset now, CancellationToken cancel)
    {
        // One parameter, whatever the number of ids: SQL Server takes 2,100 at most.
        var externalIds = chunk.Accounts.Select(a => a.ExternalId).ToArray();
        var held = await db.Accounts.AsNoTracking().Where(a => EF.Parameter(externalIds).Contains(a.ExternalId)).ToDictionaryAsync(a => a.ExternalId, StringComparer.Ordinal, cancel);
        ILookup<long, HeldAddress> addresses = Array.Empty<HeldAddress>().ToLookup(a => a.AccountId);
        if (held.Count > 0)
        {
            var ids = held.Values.Select(a => a.Id).ToArray();
            addresses = (await db.Addresses.AsNoTracking()
                .Where(a => EF.Parameter(ids).Contains(a.AccountId))
                .OrderBy(a => a.Id)
                .Select(a => new HeldAddress(
                    a.Id, a.AccountId, a.DomainId, a.Email, a.IsPrimary, a.VerifiedAt, a.BaselineFrom, a.HandChange, a.RetiredAt, a.Domain!.Phase, a.Domain.LastAnsweredAt))
                .ToListAsync(cancel)).ToLookup(a => a.AccountId);
        }

        return chunk.Accounts.Select(a =>
        {
            var account = held.GetValueOrDefault(a.ExternalId);
            return AccountPlan.Of(a, account, account is null ? [] : [.. addresses[account.Id]], isPartial, now);
        }).ToList();
    }
}
