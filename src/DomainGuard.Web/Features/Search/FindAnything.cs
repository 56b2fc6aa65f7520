using System.Globalization;
using DomainGuard.Core.Domains;
using DomainGuard.Data;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Web.Features.Search;

/// <summary>Where a search text leads: straight to what it names exactly, else to the list of accounts.</summary>
internal sealed class FindAnything(IDbContextFactory<GuardDb> dbs)
{
    public async Task<string> TargetOfAsync(string text, CancellationToken cancel)
    {
        var search = text.Trim();
        await using var db = await dbs.CreateDbContextAsync(cancel);
        if (await db.Accounts.AnyAsync(a => a.ExternalId == search, cancel))
        {
            return $"/accounts/{Uri.EscapeDataString(search)}";
        }

        // After the accounts: many platforms number theirs. "#12" is always the scan.
        if (long.TryParse(search.StartsWith('#') ? search[1..] : search, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && await db.Scans.AnyAsync(s => s.Id == number, cancel))
        {
            return $"/scans/{number}";
        }

        if (DomainName.TryNormalise(search, out var name, out _) && await db.Domains.AnyAsync(d => d.Name == name, cancel))
        {
            return $"/domains/{Uri.EscapeDataString(name)}";
        }

        var lower = search.ToLowerInvariant();
        var byAddress = search.Contains('@', StringComparison.Ordinal)
            ? await db.Addresses.Where(a => a.SearchEmail == lower).Select(a => a.Account!.ExternalId).Distinct().Take(2).ToListAsync(cancel)
            : await db.Accounts.Where(a => a.SortName == lower).Select(a => a.ExternalId).Take(2).ToListAsync(cancel);
        return byAddress.Count == 1 ? $"/accounts/{Uri.EscapeDataString(byAddress[0])}" : $"/accounts?q={Uri.EscapeDataString(search)}";
    }
}
