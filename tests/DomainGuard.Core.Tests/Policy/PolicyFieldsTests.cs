using DomainGuard.Core.Policy;

namespace DomainGuard.Core.Tests.Policy;

public class PolicyFieldsTests
{
    public static TheoryData<string> Names => [.. PolicyFields.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_field_reads_back_what_it_writes_and_refuses_nonsense(string field)
    {
        var text = PolicyFields.Get(GuardPolicy.Default, field);
        Assert.Empty(PolicyFields.Changes(GuardPolicy.Default, PolicyFields.With(GuardPolicy.Default, field, text)!));
        foreach (var nonsense in new[] { "", "nonsense", "-1", "1.5.2", "3", "NaN", "999999999999d", "1e9" }.Where(n => n != "3" || !IsNumber(text)))
        {
            Assert.Null(PolicyFields.With(GuardPolicy.Default, field, nonsense));
        }
    }

    [Fact]
    public void Every_difference_is_seen_whatever_the_field()
    {
        foreach (var field in PolicyFields.Names)
        {
            var other = Other(PolicyFields.Get(GuardPolicy.Default, field));
            var changed = PolicyFields.With(GuardPolicy.Default, field, other)!;
            Assert.Equal([new PolicyChange(field, PolicyFields.Get(GuardPolicy.Default, field), other)], PolicyFields.Changes(GuardPolicy.Default, changed));
            Assert.NotEqual(GuardPolicy.Default.ToJson(), changed.ToJson());
        }
    }

    [Fact]
    public void A_draft_survives_its_way_through_an_address()
    {
        var draft = PolicyFields.Names.Aggregate(GuardPolicy.Default, (p, f) => PolicyFields.With(p, f, Other(PolicyFields.Get(p, f)))!);
        var text = PolicyFields.WriteDraft(GuardPolicy.Default, draft);
        var (read, unknown) = PolicyFields.ReadDraft(GuardPolicy.Default, text);
        Assert.Empty(unknown);
        Assert.Equal(draft.ToJson(), read.ToJson());
        Assert.True(text.Length < 2_000, "An address holds about 2,000 characters everywhere.");
        Assert.Equal("OnHold.action:Unverify;brake.perDay:40", PolicyFields.WriteDraft(
            GuardPolicy.Default, PolicyFields.With(PolicyFields.With(GuardPolicy.Default, "brake.perDay", "40")!, "OnHold.action", "Unverify")!));
    }

    [Fact]
    public void What_a_draft_says_that_nobody_understands_is_named_and_the_rest_holds()
    {
        var (draft, unknown) = PolicyFields.ReadDraft(GuardPolicy.Default, "OnHold.action:Unverify;;nosuch:1;brake.perDay:many;:;Parked.action:3");
        Assert.Equal(["nosuch:1", "brake.perDay:many", ":", "Parked.action:3"], unknown);
        Assert.Equal(PolicyAction.Unverify, draft[Situation.OnHold].Action);
    }

    [Theory]
    [InlineData(30 * 24 * 60 * 60 * 1000L, "30d")]
    [InlineData(36 * 60 * 60 * 1000L, "36h")]
    [InlineData(90 * 60 * 1000L, "90m")]
    [InlineData(2_000L, "2s")]
    [InlineData(1_500L, "1500ms")]
    [InlineData(0L, "0s")]
    public void Lengths_of_time_are_whole_numbers_of_their_largest_unit(long milliseconds, string text)
    {
        var span = TimeSpan.FromMilliseconds(milliseconds);
        Assert.Equal(text, PolicyFields.Text(span));
        Assert.Equal(span, PolicyFields.Span(text));
    }

    [Fact]
    public void Each_problem_names_a_field_that_mends_it()
    {
        foreach (var field in PolicyFields.Names)
        {
            foreach (var extreme in new[] { "0", "2147483647", "1h", "500d", "1ms", "Unverify", "91", "off" })
            {
                var problems = PolicyFields.With(GuardPolicy.Default, field, extreme)?.Problems() ?? [];
                Assert.All(problems, p => Assert.True(p.Field == field || (p.Field, field) is ("gate.maxAgeInDoubt", "gate.maxAge"), $"{field}={extreme}: {p}"));
            }
        }
    }

    private static bool IsNumber(string text) => int.TryParse(text, out _) || text.Contains(',', StringComparison.Ordinal);

    private static string Other(string text) => text switch
    {
        "on" => "off",
        // Only a situation that is never looked at is off by default.
        "off" => "90d",
        nameof(PolicyAction.Review) => nameof(PolicyAction.Watch),
        _ when Enum.TryParse<PolicyAction>(text, out _) && !char.IsAsciiDigit(text[0]) => nameof(PolicyAction.Review),
        _ when text.Contains(',', StringComparison.Ordinal) => "20,10",
        _ when PolicyFields.Span(text) is not null => text == "5d" ? "6d" : "5d",
        _ => text == "33" ? "34" : "33",
    };
}
