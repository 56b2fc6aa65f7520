namespace DomainGuard.Web.Shell;

/// <summary>One key: what is pressed, what it does, in words for the help.</summary>
internal sealed record KeyBinding(string Keys, string Action, string Text);

/// <summary>The one table of keys. Single keys are off while a text field has focus.</summary>
internal static class KeyTable
{
    public static IReadOnlyList<KeyBinding> All { get; } =
    [
        new("/", "search", "Search"),
        new("?", "help", "This list"),
        new("g o", "go:/", "Overview"),
        new("g t", "go:/triage", "Triage"),
        new("g d", "go:/domains", "Domains"),
        new("g a", "go:/audit", "Audit"),
        new("g s", "go:/scans", "Scans"),
        new("g p", "go:/policy", "Policy"),
        new("j", "next", "Next case"),
        new("k", "previous", "Previous case"),
        new("Enter", "open", "Open the case"),
        new("Escape", "escape", "Close the form, then the panel, then clear the selection"),
        new("e", "expand", "Expand or collapse the domain"),
        new("x", "select", "Select"),
        new("Shift+x", "range", "Select up to here"),
        new("c", "confirm", "Confirm"),
        new("u", "unverify", "Unverify"),
        new("o", "override", "Override until, end override"),
        new("d", "dismiss", "Dismiss, reopen"),
        new("s", "snooze", "Snooze, wake"),
        new("r", "restore", "Restore"),
        new("Ctrl+Enter", "send", "Send the open form"),
        new("z", "undo", "Undo the last decision"),
        new("a", "assign", "Assign; once more: to me"),
        new("m", "comment", "Comment"),
        new("v", "evidence", "Next source, its raw answer"),
        new("f", "filter", "Filter"),
        new("n", "scan", "Rescan, start scan"),
        new("[", "narrower", "Narrower time window"),
        new("]", "wider", "Wider time window"),
    ];
}

/// <summary>Keys that the open page answers: it listens while it is there.</summary>
internal sealed class PageKeys
{
    /// <summary>A key was pressed; the argument is its action.</summary>
    public event Func<string, Task>? Pressed;

    /// <summary>Tells the open page and its parts; ends when all have answered.</summary>
    public Task RaiseAsync(string action)
    {
        var answers = new List<Task>();
        foreach (var answer in Delegate.EnumerateInvocationList(Pressed))
        {
            answers.Add(answer(action));
        }

        return Task.WhenAll(answers);
    }
}
