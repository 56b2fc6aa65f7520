using Bunit;
using DomainGuard.Core.Cases;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Policy;
using DomainGuard.Web.Features.Triage;
using DomainGuard.Web.Shared;

namespace DomainGuard.Tests.Triage;

/// <summary>The form of a decision: what it begins with, what it keeps, what it sends.</summary>
public sealed class DecisionFormTests : BunitContext
{
    private static readonly DateTimeOffset Now = new(2026, 11, 23, 14, 12, 0, TimeSpan.Zero);

    private readonly List<DecisionWish> _sent = [];

    [Fact]
    public async Task An_override_begins_with_ninety_days_and_sends_what_stands_there()
    {
        var form = Form([CaseEvent.Override]);
        Assert.Equal("2027-02-21", form.Find("#until").GetAttribute("value"));
        await form.Find("#comment").InputAsync(new() { Value = "Owner called." });
        await form.Find("form").SubmitAsync();
        Assert.Equal([new DecisionWish(CaseEvent.Override, ReasonCode.OwnerConfirmed, "Owner called.", new DateTimeOffset(2027, 2, 21, 0, 0, 0, TimeSpan.Zero))], _sent);
    }

    [Fact]
    public async Task A_snooze_ends_the_day_before_the_drop_or_when_it_becomes_worse()
    {
        var form = Form([CaseEvent.Snooze], look => look with { DropFrom = Now.AddDays(3) });
        Assert.Equal("2026-11-25", form.Find("#until").GetAttribute("value"));
        await form.FindAll("button").Single(b => b.TextContent == "Until worse").ClickAsync(new());
        await form.Find("form").SubmitAsync();
        Assert.Null(Assert.Single(_sent).Until);
    }

    [Fact]
    public async Task A_conflict_keeps_what_was_typed_and_says_who_was_faster()
    {
        var form = Form([CaseEvent.Confirm]);
        await form.Find("#comment").InputAsync(new() { Value = "Registrar confirms no restore was filed." });
        form.Render(p => p.Add(f => f.Events, [CaseEvent.Override]).Add(f => f.Conflict, [new CaseConflict(7, CaseState.Overridden, 3, "Jonas T.", Now.AddSeconds(-20), ReasonCode.RenewalSeen, Now.AddDays(90))]));
        Assert.Equal("Registrar confirms no restore was filed.", form.Find("#comment").GetAttribute("value"));
        Assert.Contains("Jonas T. overrode this case 20 s ago until 21 Feb: Renewal seen.", form.Markup, StringComparison.Ordinal);
        // What was wanted is not possible any more: it cannot be sent again by a slip of the hand.
        Assert.True(form.FindAll("button").Single(b => b.TextContent.StartsWith("Decide anyway", StringComparison.Ordinal)).HasAttribute("disabled"));
        await form.InvokeAsync(form.Instance.SendAsync);
        Assert.Empty(_sent);
    }

    [Fact]
    public async Task Two_decisions_in_one_place_are_asked_for_by_name()
    {
        var form = Form([CaseEvent.Wake, CaseEvent.Snooze]);
        Assert.Empty(form.FindAll("#until"));
        await form.FindAll("input[type=radio]")[1].ChangeAsync(new() { Value = "on" });
        Assert.NotEmpty(form.FindAll("#until"));
        await form.InvokeAsync(form.Instance.SendAsync);
        Assert.Equal(CaseEvent.Snooze, Assert.Single(_sent).Event);
    }

    [Fact]
    public async Task Nothing_is_sent_twice_while_it_is_being_decided()
    {
        var form = Form([CaseEvent.Confirm]);
        form.Render(p => p.Add(f => f.IsBusy, true));
        await form.InvokeAsync(form.Instance.SendAsync);
        Assert.Empty(_sent);
    }

    [Fact]
    public void Many_are_counted_on_the_button()
    {
        var form = Form([CaseEvent.Confirm], count: 1_204);
        Assert.Contains(form.FindAll("button"), b => b.TextContent.StartsWith("Confirm 1,204", StringComparison.Ordinal));
    }

    private IRenderedComponent<DecisionForm> Form(IReadOnlyList<CaseEvent> events, Func<CaseLook, CaseLook>? adjust = null, int count = 1)
    {
        var look = new CaseLook { State = CaseState.NeedsReview, Situation = Situation.Redemption, Phase = Phase.Redemption, Domain = "example.com" };
        return Render<DecisionForm>(p => p.Add(f => f.Events, events).Add(f => f.Count, count).Add(f => f.Look, adjust?.Invoke(look) ?? look).Add(f => f.Now, Now).Add(f => f.Sent, _sent.Add).Add(f => f.Closed, () => { }));
    }
}
