using System.Collections.Concurrent;
using DomainGuard.Data;
using DomainGuard.Data.Providers;
using DomainGuard.Tests.Infrastructure;

namespace DomainGuard.Tests.Databases;

public sealed class IdAllocatorTests
{
    public static TheoryData<DatabaseProvider> Providers => TestDatabase.Providers;

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task No_key_is_handed_out_twice_by_processes_side_by_side(DatabaseProvider provider)
    {
        await using var database = await TestDatabase.CreateAsync(provider);
        IdAllocator[] processes = [new(database.Dbs), new(database.Dbs), new(database.Dbs)];
        var keys = new ConcurrentBag<long>();
        await Task.WhenAll(Enumerable.Range(0, 12).Select(i => Task.Run(async () =>
        {
            for (var n = 0; n < 400; n++)
            {
                keys.Add(await processes[i % 3].NextAsync(IdAllocator.Observation, CancellationToken.None));
            }

            var first = await processes[i % 3].ReserveAsync(IdAllocator.Observation, 50, CancellationToken.None);
            for (var n = 0; n < 50; n++)
            {
                keys.Add(first + n);
            }
        })));
        Assert.Equal(12 * 450, keys.Distinct().Count());
        Assert.True(keys.Min() >= 1);
    }

    [Fact]
    public async Task Numbers_that_people_see_have_no_gaps()
    {
        await using var database = await TestDatabase.CreateAsync(DatabaseProvider.Sqlite);
        var (a, b) = (new IdAllocator(database.Dbs), new IdAllocator(database.Dbs));
        long[] numbers = [await a.NextAsync(IdAllocator.Scan, default), await b.NextAsync(IdAllocator.Scan, default), await a.NextAsync(IdAllocator.Scan, default)];
        Assert.Equal([1, 2, 3], numbers);
    }
}
