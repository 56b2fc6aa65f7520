using System.Diagnostics;
using CsCheck;
using DomainGuard.Core.Domains;
using DomainGuard.TestSupport;

namespace DomainGuard.Core.Tests.Domains;

public sealed class DomainNameTests
{
    [Theory]
    [InlineData(" Example.COM. ", "example.com")]
    [InlineData("faß.de", "xn--fa-hia.de")]
    [InlineData("例え。テスト", "xn--r8jz45g.xn--zckzah")]
    [InlineData("XN--BCHER-KVA.example", "xn--bcher-kva.example")]
    [InlineData("r3---sn.example.com", "r3---sn.example.com")]
    [InlineData("7zip.org", "7zip.org")]
    [InlineData("пример.рф", "xn--e1afmkfd.xn--p1ai")]
    [InlineData("r3---sn.bücher.example", "r3---sn.xn--bcher-kva.example")]
    [InlineData("例え．テスト｡", "xn--r8jz45g.xn--zckzah")]
    [InlineData("exam\u00ADple.com", "example.com")]
    [InlineData("〇.com", "xn--w6j.com")]
    [InlineData("l·l.cat", "xn--ll-0ea.cat")]
    [InlineData("ᄒ\u1161\u11AB.com", "xn--6q8b.com")]
    [InlineData("ᎠᎡ.com", "xn--58dc.com")]
    public void One_ascii_form_for_every_spelling(string text, string ascii)
    {
        Assert.True(DomainName.TryNormalise(text, out var got, out var error), error);
        Assert.Equal(ascii, got);
    }

    [Theory]
    [InlineData(null, "empty")]
    [InlineData(" . ", "empty")]
    [InlineData("a..b", "is empty")]
    [InlineData(".com", "is empty")]
    [InlineData("-bad.example", "hyphen")]
    [InlineData("bad-.example", "hyphen")]
    [InlineData("a_b.example", "underscore")]
    [InlineData("a b.example", "character")]
    [InlineData("☃.net", "symbols")]
    [InlineData("😀.lol", "symbols")]
    [InlineData("xn--a.example", "label 1 of the domain is no valid international label")]
    [InlineData("192.0.2.1", "number")]
    [InlineData("a.b_c.example", "label 2 of the domain has an underscore")]
    [InlineData("a.bad-.example", "label 2 of the domain starts or ends with a hyphen")]
    [InlineData("xn--.example", "international label")]
    [InlineData("xn--abc-.example", "international label")]
    [InlineData("xn--\u0000.example", "international label")]
    [InlineData("ab--é.example", "international label")]
    [InlineData("\u0301a.example", "international label")]
    [InlineData("\u200Da.example", "international label")]
    [InlineData("a\uD800.example", "international label")]
    [InlineData("\u1100\u1100.example", "disallows")]
    [InlineData("a\u20D0.example", "disallows")]
    [InlineData("a\u0640.example", "disallows")]
    [InlineData("xn--ls8h.la", "symbols")]
    public void What_is_no_name_is_refused_with_a_reason(string? text, string reason)
    {
        Assert.False(DomainName.TryNormalise(text, out var ascii, out var error));
        Assert.Equal("", ascii);
        Assert.Contains(reason, error, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_shown_has_international_labels_decoded_and_others_as_they_are()
    {
        Assert.Equal("r3---sn.bücher.example", DomainName.ToUnicode("r3---sn.xn--bcher-kva.example"));
        Assert.Equal("example.com", DomainName.ToUnicode("example.com"));
        Assert.Equal("xn--a.example", DomainName.ToUnicode("xn--a.example"));
        Assert.Equal("co.uk", DomainName.ToUnicode("co.uk"));
    }

    [Fact]
    public void Lengths_are_those_of_rfc_1035()
    {
        var label = new string('a', 63);
        Assert.True(DomainName.TryNormalise($"{label}.com", out _, out _));
        Assert.False(DomainName.TryNormalise($"a{label}.com", out _, out _));
        Assert.True(DomainName.TryNormalise($"{label}.{label}.{label}.{label[..57]}.com", out var longest, out _));
        Assert.Equal(DomainName.MaxLength, longest.Length);
        Assert.False(DomainName.TryNormalise($"{label}.{label}.{label}.{label[..58]}.com", out _, out _));
    }

    [Fact]
    public void Any_text_gives_a_name_or_a_reason_and_a_name_stays_what_it_is() =>
        Gen.OneOf(Gen.String, Gen.String["aB-_.xn0ß例。。é😀 \u200d"], Gen.String["ab-.0"]).Sample(text =>
        {
            if (!DomainName.TryNormalise(text, out var ascii, out var error))
            {
                return ascii.Length == 0 && error.Length > 0;
            }

            return ascii.Length is > 0 and <= DomainName.MaxLength
                && DomainName.TryNormalise(ascii, out var again, out _) && again == ascii
                && DomainName.TryNormalise(DomainName.ToUnicode(ascii), out var back, out _) && back == ascii;
        }, iter: 20_000);

    [Fact]
    public void Icu_maps_as_the_product_needs_it() => Assert.Null(DomainName.VerifyIcu());

    [Fact]
    public async Task Without_icu_the_check_at_start_says_so()
    {
        // Invariant globalization is chosen when a process starts: the test above runs again in one of its own, where it has to fail.
        var start = new ProcessStartInfo("dotnet", [typeof(DomainNameTests).Assembly.Location, "-method", $"*{nameof(Icu_maps_as_the_product_needs_it)}"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["DOTNET_SYSTEM_GLOBALIZATION_INVARIANT"] = "1" },
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.NotEqual(0, process.ExitCode);
        Assert.Contains("International domain names cannot be mapped: ICU", output + await errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_vector_of_the_idna_table_passes() =>
        Assert.All(File.ReadLines(Fixtures.PathOf("email", "idna-uts46-nontransitional.tsv")).Skip(1).Select(l => l.Split('\t')), v =>
        {
            var valid = DomainName.TryNormalise(v[0], out var ascii, out var error);
            Assert.Equal(v[1] != "ERROR", valid);
            if (valid)
            {
                // Our form has no trailing dot.
                Assert.Equal(v[1].TrimEnd('.'), ascii);
            }
            else
            {
                Assert.NotEmpty(error);
            }
        });
}
