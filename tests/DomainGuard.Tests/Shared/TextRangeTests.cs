using System.Text;
using CsCheck;
using DomainGuard.Web.Shared;

namespace DomainGuard.Tests.Shared;

/// <summary>A prefix as a range, and other small words of the screen.</summary>
public sealed class TextRangeTests
{
    [Fact]
    public void A_text_lies_in_the_range_of_a_prefix_exactly_when_it_begins_with_it()
    {
        // Around the edges of the encodings: a letter, the end of the first plane, what lies beyond it.
        int[] edges = ['a', 'b', 'z', 0xD7FF, 0xE000, 0xFFFD, 0xFFFF, 0x1F600, 0x10FFFE];
        var rune = Gen.Int[0, edges.Length - 1].Select(i => new Rune(edges[i]).ToString());
        var text = rune.Array[0, 4].Select(string.Concat);
        Gen.Select(rune.Array[1, 3].Select(string.Concat), text).Sample((prefix, other) =>
        {
            var (from, to) = TextRange.OfPrefix(prefix);
            foreach (var candidate in (string[])[other, prefix + other])
            {
                Assert.Equal(candidate.StartsWith(prefix, StringComparison.Ordinal), Compare(candidate, from) >= 0 && Compare(candidate, to) < 0);
            }
        });
    }

    [Theory]
    [InlineData(-3, 0.5, "0")]
    [InlineData(-3, 2, "0–2")]
    [InlineData(9.2, 11.1, "9–11")]
    [InlineData(-5, -1, "overdue")]
    public void Days_to_the_drop_never_run_from_zero_to_zero(double from, double to, string words)
    {
        var now = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
        Assert.Equal(words, Words.DropDays(now.AddDays(from), now.AddDays(to), now));
    }

    [Theory]
    [InlineData(".ORG", "org")]
    [InlineData("рф", "xn--p1ai")]
    [InlineData("  ", null)]
    [InlineData("co uk", "co uk")]
    public void A_tld_is_asked_as_it_is_kept(string? text, string? tld) => Assert.Equal(tld, UrlState.Tld(text));

    [Fact]
    public void Unknown_words_of_an_address_are_named()
    {
        List<string> unknown = [];
        Assert.Null(UrlState.Word("never", "due", unknown, "now"));
        Assert.Equal("now", UrlState.Word("now", "due", unknown, "now"));
        Assert.Null(UrlState.Word("", "due", unknown, "now"));
        Assert.Null(UrlState.Read<Core.Domains.Phase>("2", "phase", unknown));
        Assert.Equal(["due=never", "phase=2"], unknown);
    }

    // As a database that keeps UTF-8 compares.
    private static int Compare(string a, string b) => Encoding.UTF8.GetBytes(a).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(b));
}
