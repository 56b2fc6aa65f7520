namespace DomainGuard.Web.Features.Triage;

// What the buttons of a card do on a phone: the decision is asked for over the list, by the same form and rules as in the panel.
public sealed partial class TriagePage
{
    private async Task DecideOnCardAsync(QueueGroup group, int place)
    {
        StandOnCard(group);
        await OpenFormAsync(place);
        if (_form is null)
        {
            // Its cases are not what the card knew of them: what was said stays.
            LeaveCard();
        }
    }

    private async Task MoreOnCardAsync(QueueGroup group)
    {
        StandOnCard(group);
        await ReadScopeAsync();
        (_moreOpen, _focus, _follow) = (true, "more-close", false);
    }

    private async Task ChooseOnCardAsync(int place)
    {
        _moreOpen = false;
        await OpenFormAsync(place);
        if (_form is null)
        {
            LeaveCard();
        }
    }

    private async Task AssignOnCardAsync()
    {
        _moreOpen = false;
        await OpenAssign();
    }

    private void StandOnCard(QueueGroup group)
    {
        SetCursor(group, null);
        _cursor = _cursor! with { OnCard = true };
    }

    private void LeaveCard()
    {
        if (_cursor is { } at)
        {
            (_focus, _follow) = (CardId(at.Group), false);
        }

        (_cursor, _form, _assignOpen, _moreOpen) = (null, null, false, false);
    }

    private static string CardId(QueueGroup group) => RowId(group, null) + "-main";
}
