using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using DomainGuard.Core.Audit;

namespace DomainGuard.Core.Tests.Audit;

public class CanonicalJsonTests
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("q\" b\\ s/", "q\\\" b\\\\ s/")]
    [InlineData("\b\t\n\f\r", "\\b\\t\\n\\f\\r")]
    [InlineData("\u0000\u001f\u007f", "\\u0000\\u001f\u007f")]
    [InlineData("<b>&'\u2028\u202e", "<b>&'\u2028\u202e")]
    [InlineData("é€\uE000\uFEFF\u0378", "é€\uE000\uFEFF\u0378")]
    [InlineData("😀", "😀")]
    public void Escapes_what_RFC_8785_says_and_nothing_else(string text, string escaped) =>
        Assert.Equal($$"""{"t":"{{escaped}}"}""", CanonicalJson.Of([new("t", text)]));

    [Fact]
    public void Half_of_a_pair_is_what_a_database_makes_of_it() => Assert.Equal("{\"t\":\"\ufffd half\ufffd\"}", CanonicalJson.Of([new("t", "\ud83d half\ude00")]));

    [Fact]
    public void Sorts_names_and_leaves_out_what_has_no_value()
    {
        var at = new DateTimeOffset(2026, 11, 24, 10, 0, 0, TimeSpan.FromHours(2)).AddTicks(1234567);
        Assert.Equal(
            """{"a":{"y":false},"at":"2026-11-24T08:00:00.123456Z","b":1,"c":9007199254740992,"kind":"Staff"}""",
            CanonicalJson.Of(
            [
                new("kind", AuditActorKind.Staff), new("c", 1L << 53), new("b", 1), new("gone", null), new("a", new Dictionary<string, object?> { ["z"] = null, ["y"] = false }), new("at", at),
            ]));
        Assert.Null(CanonicalJson.Of([new("gone", null)]));
    }

    [Fact]
    public void Refuses_what_has_no_canonical_form()
    {
        Assert.Throws<ArgumentException>(() => CanonicalJson.Of([new("a", 1.5)]));
        Assert.Throws<ArgumentOutOfRangeException>(() => CanonicalJson.Of([new("a", (1L << 53) + 1)]));
    }

    [Fact]
    public void Any_text_comes_back_from_a_JSON_reader_as_it_was() => Gen.String[Gen.Char, 0, 40].Sample(
        text =>
        {
            var json = CanonicalJson.Of([new("t", text)])!;
            var expected = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)); // halves of pairs as U+FFFD
            Assert.Equal(expected, JsonDocument.Parse(json).RootElement.GetProperty("t").GetString());
        },
        iter: 20_000);

    [Fact]
    public void The_order_in_which_fields_are_given_does_not_matter() => Gen.Select(Gen.Dictionary(Gen.Char.AlphaNumeric.Array[1, 8].Select(c => new string(c)), Gen.Long[-(1L << 53), 1L << 53])[1, 10], Gen.Int).Sample(
        (fields, seed) =>
        {
            var given = fields.Select(f => KeyValuePair.Create(f.Key, (object?)f.Value)).ToList();
            var shuffled = given.OrderBy(f => HashCode.Combine(f.Key, seed)).ToList();
            Assert.Equal(CanonicalJson.Of(given), CanonicalJson.Of(shuffled));
            var node = JsonNode.Parse(CanonicalJson.Of(given)!)!.AsObject();
            Assert.Equal(node.Select(n => n.Key).Order(StringComparer.Ordinal), node.Select(n => n.Key));
        },
        iter: 2_000);
}
