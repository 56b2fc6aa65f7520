using System.Text.RegularExpressions;
using CsCheck;
using DomainGuard.Core.Addresses;
using DomainGuard.Core.Domains;
using DomainGuard.TestSupport;

namespace DomainGuard.Core.Tests.Addresses;

public sealed partial class PublicSuffixListTests
{
    private static readonly PublicSuffixList Hand = PublicSuffixList.Parse(new StringReader("""
        // ===BEGIN ICANN DOMAINS===
        com
        uk
        co.uk   // a comment after the rule
        *.ck
        !www.ck
        公司.cn
        // ===END ICANN DOMAINS===
        // ===BEGIN PRIVATE DOMAINS===
        github.io
        *.compute.example.com
        !open.compute.example.com
        // ===END PRIVATE DOMAINS===
        """));

    [Theory]
    [InlineData("com", null)]
    [InlineData("example.com", "example.com")]
    [InlineData("a.b.example.com", "example.com")]
    [InlineData("co.uk", null)]
    [InlineData("shop.co.uk", "shop.co.uk")]
    [InlineData("www.shop.co.uk", "shop.co.uk")]
    [InlineData("test.ck", null)]
    [InlineData("b.test.ck", "b.test.ck")]
    [InlineData("a.b.test.ck", "b.test.ck")]
    [InlineData("www.ck", "www.ck")]
    [InlineData("a.www.ck", "www.ck")]
    [InlineData("ck", null)]
    [InlineData("xn--55qx5d.cn", null)]
    [InlineData("a.xn--55qx5d.cn", "a.xn--55qx5d.cn")]
    [InlineData("nowhere", null)]
    [InlineData("a.b.nowhere", "b.nowhere")]
    public void Registrable_name_is_one_label_more_than_the_longest_rule(string host, string? registrable) =>
        Assert.Equal(registrable, Hand.Match(host).Registrable);

    [Fact]
    public void Private_rules_do_not_touch_the_name_that_a_registry_knows()
    {
        var tenant = Hand.Match("foo.github.io");
        Assert.Equal("github.io", tenant.Registrable);
        Assert.Equal("github.io", tenant.PrivateSuffix);
        Assert.Equal("foo.github.io", tenant.PrivateRegistrable);

        var platform = Hand.Match("github.io");
        Assert.Equal("github.io", platform.Registrable);
        Assert.Null(platform.PrivateRegistrable);
    }

    [Fact]
    public void Private_wildcards_and_exceptions_follow_the_same_rules()
    {
        Assert.Equal("eu.compute.example.com", Hand.Match("x.eu.compute.example.com").PrivateSuffix);
        Assert.Equal("compute.example.com", Hand.Match("open.compute.example.com").PrivateSuffix);
        Assert.Equal("open.compute.example.com", Hand.Match("x.open.compute.example.com").PrivateRegistrable);
        Assert.Null(Hand.Match("compute.example.com").PrivateSuffix);
    }

    [Fact]
    public void Shipped_list_knows_both_sections()
    {
        Assert.True(PublicSuffixList.Shipped.Count > 9_000);
        Assert.Equal("example.co.uk", PublicSuffixList.Shipped.Match("mail.example.co.uk").Registrable);
        Assert.Equal("github.io", PublicSuffixList.Shipped.Match("foo.github.io").PrivateSuffix);
    }

    [Fact]
    public void All_official_vectors_pass()
    {
        var vectors = File.ReadLines(Fixtures.PathOf("psl", "test_psl.txt"))
            .Where(l => !l.StartsWith("//", StringComparison.Ordinal)).Select(l => Vector().Match(l)).Where(m => m.Success).ToList();
        Assert.True(vectors.Count > 70);
        Assert.All(vectors, v => AssertVector(v.Groups[1].Success ? v.Groups[1].Value : null, v.Groups[2].Success ? v.Groups[2].Value : null));
    }

    [Fact]
    public void All_official_vectors_in_the_newer_format_pass()
    {
        var vectors = File.ReadLines(Fixtures.PathOf("psl", "tests.txt"))
            .Where(l => l.Length > 0 && !l.StartsWith("//", StringComparison.Ordinal)).Select(l => l.Split(' ')).ToList();
        Assert.True(vectors.Count > 70);
        Assert.All(vectors, v => AssertVector(Named(v[0]), Named(v[1])));

        static string? Named(string word) => word == "null" ? null : word;
    }

    [Fact]
    public void Any_list_and_host_give_what_the_published_algorithm_gives()
    {
        var label = Gen.OneOf("a", "b", "c");
        var name = label.List[1, 3].Select(l => string.Join('.', l));
        // Exceptions of one length only: the algorithm does not say which of two would win.
        var rule = Gen.OneOf(name, name.Select(n => "*." + n), label.Array[3].Select(l => "!" + string.Join('.', l)));
        Gen.Select(rule.List[0, 6], rule.List[0, 6], label.List[1, 5].Select(l => string.Join('.', l))).Sample((icann, tenants, host) =>
        {
            var list = PublicSuffixList.Parse(new StringReader(
                $"// ===BEGIN ICANN DOMAINS===\n{string.Join('\n', icann)}\n// ===END ICANN DOMAINS===\n// ===BEGIN PRIVATE DOMAINS===\n{string.Join('\n', tenants)}\n"));
            var length = Published(icann, host) ?? 1;
            var longer = Published(tenants, host) is { } p && p > length ? p : (int?)null;
            Assert.Equal(new SuffixMatch(Last(host, length)!, Last(host, length + 1), longer is { } q ? Last(host, q) : null, longer is { } r ? Last(host, r + 1) : null), list.Match(host));
        }, iter: 20_000);

        // publicsuffix.org/list, "Algorithm": how many labels the suffix has; null when no rule matches.
        static int? Published(List<string> rules, string host)
        {
            var matching = rules.Where(r => Matches(r.TrimStart('!').Split('.'), host.Split('.'))).ToList();
            var exception = matching.Find(r => r[0] == '!');
            return exception is not null ? exception.Split('.').Length - 1 : matching.Count > 0 ? matching.Max(r => r.Split('.').Length) : null;
        }

        static bool Matches(string[] rule, string[] host) =>
            rule.Length <= host.Length && rule.Reverse().Zip(host.Reverse()).All(p => p.First == "*" || p.First == p.Second);

        static string? Last(string host, int labels) => host.Split('.') is var all && all.Length < labels ? null : string.Join('.', all[^labels..]);
    }

    private static void AssertVector(string? input, string? expected)
    {
        string? got = null;

        // The vectors use both sections: there the longer suffix counts.
        if (DomainName.TryNormalise(input, out var host, out _))
        {
            var match = PublicSuffixList.Shipped.Match(host);
            got = match.PrivateSuffix is null ? match.Registrable : match.PrivateRegistrable;
        }

        DomainName.TryNormalise(expected, out var wanted, out _);
        Assert.Equal(wanted, got ?? "");
    }

    [GeneratedRegex("""^checkPublicSuffix\((?:null|'([^']*)'), (?:null|'([^']*)')\);""")]
    private static partial Regex Vector();
}
