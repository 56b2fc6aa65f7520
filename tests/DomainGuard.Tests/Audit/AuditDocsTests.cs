using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using DomainGuard.Core.Audit;
using DomainGuard.Data.Audit;
using DomainGuard.Tests.Infrastructure;

namespace DomainGuard.Tests.Audit;

/// <summary>What docs/audit.md computes by hand is what the program computes.</summary>
public sealed partial class AuditDocsTests
{
    [Fact]
    public void The_worked_example_is_what_the_program_makes_of_it()
    {
        var page = Repository.Read("docs", "audit.md");
        var comment = Comment().Match(page).Groups[1].Value;
        var hashes = Sum().Matches(page).Select(m => m.Groups[1].Value).ToList();
        var content = Content().Match(page).Value;
        var entry = AuditTrail.Entry(new AuditFact(
            AuditAction.CaseOverridden, AuditActor.Staff(Guid.Parse("019ab2c4-5d10-7e3b-9c55-2f6d0a1b7c11"), "198.51.100.24"), new DateTimeOffset(2026, 11, 23, 13, 31, 2, 418, TimeSpan.Zero))
        {
            AccountId = 118,
            AddressId = 140,
            DomainName = "northgable.co.uk",
            CaseId = 2207,
            PolicyVersion = 8,
            Reason = "RenewalSeen",
            Comment = comment,
            Changes = [("state", "Unverified", "Overridden"), ("until", null, new DateTimeOffset(2027, 2, 21, 0, 0, 0, TimeSpan.Zero))],
        });
        entry.Id = Guid.Parse("019ab2f0-3d12-7a44-8b1e-5c9a7d3e2f10"); // made at random
        Assert.Equal(content, AuditTrail.Canonical(entry));
        var contentHash = SHA256.HashData(Encoding.UTF8.GetBytes(content));
        Assert.Contains(AuditChain.Canonical(1, AuditChain.Genesis, contentHash), page, StringComparison.Ordinal);
        Assert.Equal(
            [Convert.ToHexStringLower(entry.CommentHash!), Convert.ToHexStringLower(contentHash), Convert.ToHexStringLower(AuditChain.Hash(1, AuditChain.Genesis, contentHash))],
            hashes.Take(3));
    }

    [GeneratedRegex("printf %s '(Invoice[^']*)'")]
    private static partial Regex Comment();

    [GeneratedRegex("^([0-9a-f]{64})  -$", RegexOptions.Multiline)]
    private static partial Regex Sum();

    [GeneratedRegex("""^\{"account":118.*\}$""", RegexOptions.Multiline)]
    private static partial Regex Content();
}
