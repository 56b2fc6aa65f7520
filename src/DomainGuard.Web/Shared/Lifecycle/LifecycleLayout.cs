using DomainGuard.Core.Domains;

namespace DomainGuard.Web.Shared.Lifecycle;

/// <summary>A stretch of the life: seen in observations, or expected by the rule of the TLD.</summary>
public sealed record LifeStretch(Phase Phase, DateTimeOffset From, DateTimeOffset To, bool IsExpected, bool IsSecondLife = false);

/// <summary>An event that is marked.</summary>
public enum LifeMarkerKind
{
    /// <summary>An address was verified: diamond with a check.</summary>
    Verified,

    /// <summary>An event: ring.</summary>
    Event,

    /// <summary>Registered again: square in fuchsia.</summary>
    Reregistered,
}

/// <summary>A marked event.</summary>
public sealed record LifeMarker(LifeMarkerKind Kind, DateTimeOffset At, string Text);

/// <summary>A look-up: answered or failed.</summary>
public sealed record LifeLookup(DateTimeOffset At, bool Failed);

/// <summary>What is laid out.</summary>
public sealed record LifeInput
{
    public required DateTimeOffset Now { get; init; }

    public required IReadOnlyList<LifeStretch> Stretches { get; init; }

    public IReadOnlyList<LifeMarker> Markers { get; init; } = [];

    public IReadOnlyList<LifeLookup> Lookups { get; init; } = [];

    public DropInterval? Drop { get; init; }

    /// <summary>Beginning of the linear part of the window.</summary>
    public required DateTimeOffset From { get; init; }

    /// <summary>Width in pixels.</summary>
    public double Width { get; init; } = 1000;

    /// <summary>The registry hides its dates: nothing is drawn with a sharp edge that nobody knows.</summary>
    public bool DatesHidden { get; init; }
}

/// <summary>A drawn stretch. <paramref name="Label"/> is null where it does not fit.</summary>
internal sealed record LifeBox(LifeStretch Stretch, double X, double Width, string? Label);

/// <summary>A drawn marker, its text on tier 0 or 1, to its right or (flipped) to its left; null text went to the tooltip.</summary>
internal sealed record LifePin(LifeMarker Marker, double X, string? Text, bool Flipped, int Tier);

/// <summary>A mark of the axis.</summary>
internal sealed record LifeTick(double X, string Text);

/// <summary>The picture: all coordinates in pixels from the left.</summary>
internal sealed record LifePicture(
    double Width, double NowX, double? BreakX, IReadOnlyList<LifeBox> Boxes, IReadOnlyList<LifePin> Pins, IReadOnlyList<LifeTick> Ticks, IReadOnlyList<(double X, bool Failed)> Lookups, (double X, double Width)? Drop);

/// <summary>
/// Lays a life out on a line: instants in, rectangles and texts out. Left of the break mark the time before the window is pressed into 15 % of the width, right of it the scale
/// is linear. The window always holds now and the end of the drop interval. Pure.
/// </summary>
internal static class LifecycleLayout
{
    private const double PressedShare = 0.15;
    private const double CharacterWidth = 6.4;
    private const double Gap = 2;
    private const double MinDropWidth = 10;

    public static LifePicture Of(LifeInput input)
    {
        var begin = input.Stretches.Select(s => s.From).Concat(input.Markers.Select(m => m.At)).DefaultIfEmpty(input.From).Min();
        var end = input.Stretches.Select(s => s.To).Concat(input.Markers.Select(m => m.At)).Append(input.Drop?.To ?? input.Now).Append(input.Now.AddDays(14)).Max();
        end = Min(end, input.Now.AddDays(Math.Max(45, (input.Now - input.From).TotalDays / 2)));
        end = Max(end, (input.Drop?.To ?? input.Now).AddDays(2));
        var isPressed = begin < input.From;
        var breakX = isPressed ? input.Width * PressedShare : 0;

        double X(DateTimeOffset at) => at <= input.From && isPressed
            ? breakX * Math.Clamp((at - begin) / (input.From - begin), 0, 1)
            : breakX + ((input.Width - breakX) * Math.Clamp((at - input.From) / (end - input.From), 0, 1));

        var nowX = X(input.Now);
        return new LifePicture(
            input.Width,
            nowX,
            isPressed ? breakX : null,
            Boxes(input, X, nowX, input.Drop is { } covers ? DropBox(covers, X, input.Width).X : null),
            Pins(input, X, nowX),
            Ticks(input.From, end, X, input.Width, nowX),
            Lookups(input, X),
            input.Drop is { } drop ? DropBox(drop, X, input.Width) : null);
    }

    private static List<LifeBox> Boxes(LifeInput input, Func<DateTimeOffset, double> x, double nowX, double? dropX)
    {
        List<LifeBox> boxes = [];
        foreach (var stretch in input.Stretches.OrderBy(s => s.From))
        {
            // What is seen ends at now: the future is never solid.
            var from = x(stretch.From);
            var to = stretch.IsExpected ? x(stretch.To) : Math.Min(x(stretch.To), nowX);
            if (stretch.IsExpected)
            {
                from = Math.Max(from, nowX);
            }

            var width = to - from - Gap;
            if (width < 1)
            {
                continue;
            }

            var text = stretch.IsSecondLife && !stretch.IsExpected ? "New holder" : Words.Of(stretch.Phase).Text;
            // The estimate is drawn over what is expected: a label has the room before it.
            var room = stretch.IsExpected && dropX is { } drop && drop < from + width ? drop - from : width;
            boxes.Add(new LifeBox(stretch, from, width, (text.Length * CharacterWidth) + 14 <= room ? text : null));
        }

        return boxes;
    }

    /// <summary>Two tiers; on collision the later label flips to the left, then goes to the tooltip. A label never crosses now.</summary>
    private static List<LifePin> Pins(LifeInput input, Func<DateTimeOffset, double> x, double nowX)
    {
        List<LifePin> pins = [];
        List<(double From, double To, int Tier)> taken = [];
        foreach (var marker in input.Markers.OrderBy(m => m.At))
        {
            var at = x(marker.At);
            var width = (marker.Text.Length * CharacterWidth) + 12;
            LifePin? placed = null;
            for (var tier = 0; tier < 2 && placed is null; tier++)
            {
                foreach (var flipped in (ReadOnlySpan<bool>)[false, true])
                {
                    var (from, to) = flipped ? (at - width, at + 6) : (at - 6, at + width);
                    var crossesNow = from < nowX && to > nowX && Math.Abs(at - nowX) > 6;
                    if (from >= -6 && to <= input.Width + 6 && !crossesNow && !taken.Any(t => t.Tier == tier && t.From < to && t.To > from))
                    {
                        taken.Add((from, to, tier));
                        placed = new LifePin(marker, at, marker.Text, flipped, tier);
                        break;
                    }
                }
            }

            pins.Add(placed ?? new LifePin(marker, at, null, false, 0));
        }

        return pins;
    }

    private static List<LifeTick> Ticks(DateTimeOffset from, DateTimeOffset to, Func<DateTimeOffset, double> x, double width, double nowX)
    {
        var months = (to - from).TotalDays switch { > 900 => 12, > 300 => 3, _ => 1 };
        List<LifeTick> ticks = [];
        var month = new DateTimeOffset(from.Year, months == 12 ? 1 : from.Month, 1, 0, 0, 0, TimeSpan.Zero).AddMonths(months);
        for (; month < to; month = month.AddMonths(months))
        {
            var at = x(month);
            var text = month.UtcDateTime.ToString(months == 12 || month.Month == 1 ? "yyyy" : "MMM", System.Globalization.CultureInfo.InvariantCulture);
            if (at < width - 24 && Math.Abs(at - nowX) > 30 && (ticks.Count == 0 || at - ticks[^1].X > 34))
            {
                ticks.Add(new LifeTick(at, text));
            }
        }

        return ticks;
    }

    /// <summary>At most 400 dots: where there are more, one a day stays, a failed one first.</summary>
    private static List<(double, bool)> Lookups(LifeInput input, Func<DateTimeOffset, double> x)
    {
        var shown = input.Lookups.Where(l => l.At >= input.From && l.At <= input.Now);
        var list = shown.ToList();
        if (list.Count > 400)
        {
            list = [.. list.GroupBy(l => l.At.UtcDateTime.Date).Select(g => g.OrderByDescending(l => l.Failed).First()).Take(400)];
        }

        return list.ConvertAll(l => (x(l.At), l.Failed));
    }

    private static (double X, double Width) DropBox(DropInterval drop, Func<DateTimeOffset, double> x, double width)
    {
        var (from, to) = (x(drop.From), x(drop.To));
        if (to - from < MinDropWidth)
        {
            from = Math.Min(((from + to) / 2) - (MinDropWidth / 2), width - MinDropWidth);
            to = from + MinDropWidth;
        }

        return (from, to - from);
    }

    private static DateTimeOffset Min(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;

    private static DateTimeOffset Max(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;
}
