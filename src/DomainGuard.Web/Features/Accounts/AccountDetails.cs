using DomainGuard.Core.Domains;
using DomainGuard.Data;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Domains;
using DomainGuard.Web.Features.Triage;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Accounts;

/// <summary>An account with its addresses, retired ones too.</summary>
internal sealed record AccountView(Account Account, IReadOnlyList<AddressView> Addresses);

/// <summary>An address with its domain.</summary>
internal sealed record AddressView(Address Address, Domain Domain, IReadOnlyList<Reason> HandReasons, CaseLink? Case);

/// <summary>Reads one account.</summary>
internal sealed class AccountDetails(IDbContextFactory<GuardDb> dbs)
{
    private const int MostAddresses = 1_000;

    /// <summary>The account by the platform's id; null when there is none.</summary>
    public async Task<AccountView?> FindAsync(string externalId, CancellationToken cancel)
    {
        await using var db = await dbs.CreateDbContextAsync(cancel);
        var account = await db.Accounts.AsNoTracking().FirstOrDefaultAsync(a => a.ExternalId == externalId, cancel);
        if (account is null)
        {
            return null;
        }

        var addresses = await db.Addresses.AsNoTracking().Include(a => a.Domain).Where(a => a.AccountId == account.Id)
            .OrderBy(a => a.RetiredAt != null).ThenByDescending(a => a.IsPrimary).ThenBy(a => a.Id).Take(MostAddresses).ToListAsync(cancel);
        var cases = await db.Cases.AsNoTracking().Where(c => c.AccountId == account.Id && c.AddressId != null).Take(MostAddresses)
            .Select(c => new { AddressId = c.AddressId!.Value, Link = new CaseLink(c.Id, c.State) }).ToDictionaryAsync(c => c.AddressId, c => c.Link, cancel);
        return new AccountView(account, addresses.ConvertAll(a => new AddressView(a, a.Domain!, ObservationCodec.DecodeReasons(a.HandReasons), cases.GetValueOrDefault(a.Id))));
    }
}
