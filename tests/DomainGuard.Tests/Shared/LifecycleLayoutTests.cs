using CsCheck;
using DomainGuard.Core.Domains;
using DomainGuard.Web.Shared.Lifecycle;

namespace DomainGuard.Tests.Shared;

public sealed class LifecycleLayoutTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(3, null)]
    [InlineData(30, "Redemption")]
    public void Label_of_what_is_expected_has_the_room_before_the_estimate_or_is_left_out(int daysToDrop, string? label)
    {
        var picture = LifecycleLayout.Of(new LifeInput
        {
            Now = Now,
            From = Now.AddDays(-120),
            Stretches = [new LifeStretch(Phase.Redemption, Now, Now.AddDays(60), IsExpected: true)],
            Drop = new DropInterval(Now.AddDays(daysToDrop), Now.AddDays(60)),
        });

        var box = Assert.Single(picture.Boxes);
        Assert.Equal(label, box.Label);
    }

    [Fact]
    public void Whatever_the_life_now_parts_what_was_seen_from_what_is_expected_and_nothing_leaves_the_picture() => Gen
        .Select(Gen.Int[-900, 300], Gen.Int[1, 500], Gen.Bool, Gen.Int[-200, 200])
        .Array[0, 8]
        .Sample(stretches =>
        {
            var picture = LifecycleLayout.Of(new LifeInput
            {
                Now = Now,
                From = Now.AddDays(-120),
                Stretches = [.. stretches.Select(s => new LifeStretch(Phase.Active, Now.AddDays(s.Item1), Now.AddDays(s.Item1 + s.Item2), s.Item3))],
                Markers = [.. stretches.Select(s => new LifeMarker(LifeMarkerKind.Event, Now.AddDays(s.Item4), "something happened"))],
                Drop = new DropInterval(Now.AddDays(5), Now.AddDays(20)),
            });
            Assert.InRange(picture.NowX, 0, picture.Width);
            Assert.All(picture.Boxes, b => Assert.True(b.Stretch.IsExpected ? b.X >= picture.NowX : b.X + b.Width <= picture.NowX));
            Assert.All(picture.Boxes, b => Assert.True(b.X >= 0 && b.X + b.Width <= picture.Width));
            Assert.All(picture.Pins, p => Assert.InRange(p.X, 0, picture.Width));
            var labels = picture.Pins.Where(p => p.Text is not null).Select(p => (p.Tier, From: p.Flipped ? p.X - 100 : p.X, To: p.Flipped ? p.X : p.X + 100)).ToList();
            Assert.All(labels, l => Assert.Single(labels, o => o.Tier == l.Tier && o.From < l.To && o.To > l.From)); // only itself
        });
}
