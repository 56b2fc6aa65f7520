using System.Text;
using CsCheck;
using DomainGuard.Core.Addresses;
using DomainGuard.TestSupport;

namespace DomainGuard.Core.Tests.Addresses;

public sealed class EmailAddressTests
{
    [Theory]
    [InlineData("User.Name+tag@EXAMPLE.COM", "User.Name+tag@example.com", "example.com")]
    [InlineData("  user@mail.corp.example.co.uk ", "user@mail.corp.example.co.uk", "example.co.uk")]
    [InlineData("\"a@b c\"@example.org", "\"a@b c\"@example.org", "example.org")]
    [InlineData("\"a\\\"b\"@example.org", "\"a\\\"b\"@example.org", "example.org")]
    [InlineData("用户@例え.テスト", "用户@xn--r8jz45g.xn--zckzah", "xn--r8jz45g.xn--zckzah")]
    [InlineData("o'neil@example.com.", "o'neil@example.com", "example.com")]
    [InlineData("\"\"@example.org", "\"\"@example.org", "example.org")]
    [InlineData("\"(no comment)\"@example.org", "\"(no comment)\"@example.org", "example.org")]
    [InlineData("user@faß.de", "user@xn--fa-hia.de", "xn--fa-hia.de")]
    [InlineData("user@example。com", "user@example.com", "example.com")]
    public void Local_part_stays_and_the_domain_gets_one_form(string text, string normal, string domain)
    {
        Assert.True(EmailAddress.TryParse(text, PublicSuffixList.Shipped, out var address, out var error), error);
        Assert.Equal(normal, address.Text);
        Assert.Equal(domain, address.Domain);
        Assert.True(address.IsRegistrable);
    }

    [Theory]
    [InlineData("user@[192.0.2.1]", "[192.0.2.1]")]
    [InlineData("user@[IPv6:2001:DB8::1]", "[ipv6:2001:db8::1]")]
    [InlineData("user@[IPv6:2001:db8:0:0:0:0:0:1]", "[ipv6:2001:db8::1]")]
    [InlineData("user@home.arpa", "home.arpa")]
    [InlineData("user@corp.internal", "corp.internal")]
    [InlineData("user@host.test", "host.test")]
    [InlineData("user@host.example", "host.example")]
    [InlineData("user@host.invalid", "host.invalid")]
    [InlineData("user@My_Host。example。com", "my_host.example.com")]
    [InlineData("user@_a.bücher.example.com", "_a.xn--bcher-kva.example.com")]
    [InlineData("user@localhost", "localhost")]
    [InlineData("user@printer.local", "printer.local")]
    [InlineData("user@abc.onion", "abc.onion")]
    [InlineData("user@ai", "ai")]
    [InlineData("user@co.uk", "co.uk")]
    [InlineData("user@test.ck", "test.ck")]
    [InlineData("user@my_host.example.com", "my_host.example.com")]
    public void What_nobody_can_register_is_not_applicable_and_says_why(string text, string host)
    {
        Assert.True(EmailAddress.TryParse(text, PublicSuffixList.Shipped, out var address, out var error), error);
        Assert.False(address.IsRegistrable);
        Assert.NotEmpty(address.NotApplicableReason!);
        Assert.Equal(host, address.MailHost);
        Assert.Equal(host, address.Domain);
    }

    [Fact]
    public void Tenant_of_a_platform_is_watched_at_the_name_that_the_registry_knows()
    {
        Assert.True(EmailAddress.TryParse("user@foo.github.io", PublicSuffixList.Shipped, out var address, out _));
        Assert.Equal("github.io", address.Domain);
        Assert.True(address.IsTenant);
    }

    [Theory]
    [InlineData(null, "empty")]
    [InlineData("user.example.com", "no @")]
    [InlineData("@example.com", "before the @")]
    [InlineData("a..b@example.com", "two in a row")]
    [InlineData(".a@example.com", "dot")]
    [InlineData("a b@example.com", "quotes")]
    [InlineData("a@b@example.com", "one address only")]
    [InlineData("\"ab@example.com", "not closed")]
    [InlineData("\"a\"b\"@example.com", "escaped")]
    [InlineData("Jane <jane@example.com>", "<>")]
    [InlineData("user@a..b.com", "label 2 of the domain is empty")]
    [InlineData("user@192.0.2.1", "address literal in brackets")]
    [InlineData("user@[192.0.2.256]", "literal")]
    [InlineData("user@[300]", "literal")]
    [InlineData("user@[IPv6:fe80::1%eth0]", "literal")]
    [InlineData("a\u0007b@example.com", "character 2 before the @ is a control")]
    [InlineData("a\uD800@example.com", "broken text")]
    [InlineData("user@[1.2.3]", "literal")]
    [InlineData("user@[010.0.0.1]", "literal")]
    [InlineData("user@[::1]", "literal")]
    [InlineData("user@[IPv6:192.0.2.1]", "literal")]
    [InlineData("user@[IPv6:[::1]:25]", "literal")]
    [InlineData("user@[192.0.2.1", "literal")]
    [InlineData("user(work)@example.com", "a comment in parentheses stands before the @ (character 5)")]
    [InlineData("user@example.com (work)", "a comment in parentheses stands after the @")]
    [InlineData("user\r\n @example.com", "line break at character 5")]
    [InlineData("user@\n example.com", "line break")]
    [InlineData("user@ example.com", "a space stands right after the @")]
    [InlineData("first@example.com, second@example.com", "one address only")]
    [InlineData("first@example.com;second@example.com", "one address only")]
    [InlineData("MAILTO:user@example.com", "mailto:")]
    [InlineData("user@", "the domain is empty")]
    [InlineData("user@my_é.example.com", "label 1 of the domain")]
    public void What_is_no_address_is_refused_without_repeating_it(string? text, string reason)
    {
        Assert.False(EmailAddress.TryParse(text, PublicSuffixList.Shipped, out _, out var error));
        Assert.Contains(reason, error, StringComparison.Ordinal);
        Assert.DoesNotContain("example.com", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Limits_are_those_of_rfc_5321()
    {
        Assert.True(Parses(new string('a', 64) + "@example.com"));
        Assert.False(Parses(new string('a', 65) + "@example.com"));
        Assert.False(Parses(new string('é', 33) + "@example.com"));
        var label = new string('b', 59);
        Assert.True(Parses($"{new string('a', 10)}@{label}.{label}.{label}.{label}.com"));
        Assert.False(Parses($"{new string('a', 11)}@{label}.{label}.{label}.{label}.com"));

        static bool Parses(string text) => EmailAddress.TryParse(text, PublicSuffixList.Shipped, out _, out _);
    }

    [Fact]
    public void Any_text_gives_an_address_or_a_reason_and_the_normal_form_stays_what_it_is() =>
        Gen.OneOf(Gen.String, Gen.String["aB\"\\@.[]:1<> _é例-"], Gen.Select(Gen.String["ab.\"+é"], Gen.String["ab.-_é。"]).Select((l, d) => $"{l}@{d}.com")).Sample(text =>
        {
            if (!EmailAddress.TryParse(text, PublicSuffixList.Shipped, out var address, out var error))
            {
                return error.Length > 0;
            }

            return EmailAddress.TryParse(address.Text, PublicSuffixList.Shipped, out var again, out _) && again == address
                && Encoding.UTF8.GetByteCount(address.Text) <= 254 && Ascii.IsValid(address.MailHost) && !address.ToString().Contains(address.LocalPart + "@", StringComparison.Ordinal);
        }, iter: 20_000);

    [Fact]
    public void Every_well_formed_address_is_taken_as_it_stands()
    {
        var atom = Gen.String[Gen.Char["abzABZ019!#$%&'*+-/=?^_`{|}~éü用"], 1, 8];
        var dotted = atom.List[1, 3].Select(a => string.Join('.', a));
        var quoted = Gen.OneOf(Gen.Char["ab @.,;:<>()[]é"].Select(c => c.ToString()), Gen.OneOf("\\\"", "\\\\", "\\a"))
            .List[0, 12].Select(p => $"\"{string.Concat(p)}\"");
        var host = Gen.Select(Gen.String[Gen.Char["abcXYZ09"], 1, 10].List[0, 3], Gen.OneOf("example.com", "Example.co.uk", "bücher.de"));
        Gen.Select(Gen.OneOf(dotted, quoted), host).Where(a => Encoding.UTF8.GetByteCount(a.Item1) <= 64).Sample((local, parts) =>
        {
            var (below, domain) = parts;
            var text = $"{local}@{string.Concat(below.Select(l => l + "."))}{domain}";
            Assert.True(EmailAddress.TryParse(text, PublicSuffixList.Shipped, out var address, out var error), error);
            Assert.Equal(local, address.LocalPart);
            Assert.Equal(domain == "bücher.de" ? "xn--bcher-kva.de" : domain.ToLowerInvariant(), address.Domain);
            Assert.Equal(string.Concat(below.Select(l => l.ToLowerInvariant() + ".")) + address.Domain, address.MailHost);
        }, iter: 5_000);
    }

    [Fact]
    public void No_error_repeats_what_was_given()
    {
        // Neither a log nor a list of rejected rows may leak an address.
        const string Mark = "zq7xv";
        var noise = Gen.String[Gen.Char["ab@.()<>[]\"\\,;:_- \r\né😀\uD800"], 0, 6];
        var refused = 0;
        Gen.Select(noise, noise, noise).Sample((a, b, c) =>
        {
            if (!EmailAddress.TryParse($"{a}{Mark}{b}@{Mark}{c}", PublicSuffixList.Shipped, out _, out var error))
            {
                Interlocked.Increment(ref refused);
                Assert.DoesNotContain(Mark, error, StringComparison.OrdinalIgnoreCase);
            }
        }, iter: 5_000);
        Assert.True(refused > 1_000);
    }

    [Fact]
    public void Every_row_of_the_address_table_passes() =>
        Assert.All(File.ReadLines(Fixtures.PathOf("email", "addresses.tsv")).Skip(1).Select(l => l.Split('\t')), v =>
        {
            var valid = EmailAddress.TryParse(v[0], PublicSuffixList.Shipped, out var address, out var error);
            Assert.Equal(v[1] != "no", valid);
            if (!valid)
            {
                Assert.NotEmpty(error);
                return;
            }

            Assert.Equal(v[4].StartsWith("checkable", StringComparison.Ordinal), address!.IsRegistrable);
            if (v[3].Length > 0)
            {
                Assert.Equal(v[3], address.Domain);
            }

            if (v[2].Length > 0)
            {
                Assert.Equal(v[2], address.MailHost);
            }

            Assert.Equal(v[4].Contains("tenant", StringComparison.Ordinal) || v[4].Contains("private suffix", StringComparison.Ordinal), address.IsTenant);
        });
}
