using Microsoft.AspNetCore.Components;

namespace DomainGuard.Web.Features.Triage;

// Views of one's own: the present filter and grouping under a name.
public sealed partial class TriagePage
{
    /// <summary>Own views that stand beside the tabs; the others are in the menu.</summary>
    private const int MostOwnTabs = 3;

    private string? _viewProblem;

    private IEnumerable<OwnView> OwnTabs => _ownViews.Take(MostOwnTabs);

    private string? InMenu => _own is { } own ? OwnTabs.Contains(own) ? null : own.Name : Tabs.Contains(_filter.View) ? null : CaseFilter.Name(_filter.View);

    private bool IsView(TriageView view) => _own is null && _filter.View == view;

    private static string OwnLink(OwnView view) => $"/triage?view={view.Key}";

    private Dictionary<string, string> Kept()
    {
        var kept = new Dictionary<string, string>(_filter.Parameters(_me, _staff), StringComparer.Ordinal);
        if (!_grouped)
        {
            kept["group"] = "none";
        }

        return kept;
    }

    // The page as it is without the view behind it: for others, and when the view is removed.
    private string SpeltOut()
    {
        var kept = Kept();
        return Navigation.GetUriWithQueryParameters(CaseFilter.Names.ToDictionary(n => n, n => (object?)kept.GetValueOrDefault(n)));
    }

    private void ToggleViews()
    {
        (_viewsOpen, _viewProblem) = (!_viewsOpen, null);
        if (_viewsOpen)
        {
            (_focus, _follow) = ("view-name", false);
        }
    }

    private void CloseViews() => (_viewsOpen, _viewProblem, _focus, _follow) = (false, null, "save-view", false);

    private async Task SaveViewAsync(string name)
    {
        if (await ChangedAsync(async by => await ChangeViews.SaveAsync(by, name, Kept(), CancellationToken.None)) is { } id)
        {
            CloseViews();
            await ReadViewsAsync();
            if (_ownViews.FirstOrDefault(v => v.Id == id) is { } view)
            {
                // The filter is that of the view now: the URL says its name alone.
                Navigation.NavigateTo(Navigation.GetUriWithQueryParameters(CaseFilter.Names.ToDictionary(n => n, n => n == "view" ? (object?)view.Key : null)));
            }
        }
    }

    private async Task RenameViewAsync(string name)
    {
        if (_own is { } own && await ChangedAsync(async by => await ChangeViews.RenameAsync(by, own.Id, name, CancellationToken.None)) is not null)
        {
            CloseViews();
            await ReadViewsAsync();
        }
    }

    private async Task RemoveViewAsync(OwnView view)
    {
        if (await ChangedAsync(async by => await ChangeViews.RemoveAsync(by, view.Id, CancellationToken.None)) is null)
        {
            return;
        }

        var target = view.Id == _own?.Id ? SpeltOut() : null;
        await ReadViewsAsync();
        if (target is not null)
        {
            Navigation.NavigateTo(target, new NavigationOptions { ReplaceHistoryEntry = true });
        }
    }

    private async Task ReadViewsAsync()
    {
        _ownViews = await Queries.OwnViewsAsync(_me, Closing);
        _own = _ownViews.FirstOrDefault(v => v.Key == View);
    }

    private async Task<long?> ChangedAsync(Func<Auth.StaffMember, Task<OwnViewOutcome>> change)
    {
        _viewProblem = null;
        try
        {
            switch (await change(await Staff.GetAsync()))
            {
                case OwnViewOutcome.Done done:
                    return done.Id;
                case OwnViewOutcome.Refused refused:
                    _viewProblem = refused.Problem;
                    return null;
            }
        }
        catch (Exception e) when (DomainGuard.Data.GuardDatabase.Explain(e) is { } words)
        {
            _viewProblem = $"{words} Nothing was changed.";
        }

        return null;
    }
}
