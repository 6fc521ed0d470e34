using Syncline.Core.Operations;
using Syncline.Engine.Accounts;
using Syncline.Engine.Following;
using Syncline.Engine.Spaces;
using Syncline.Engine.Storage;
using static Syncline.Tests.Engine.EngineWorld;

namespace Syncline.Tests.Engine;

public sealed class LiveSpacesTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task A_deletion_under_way_does_not_take_the_log_of_the_next_space_of_that_id()
    {
        StoreAround? around = null;
        await using EngineWorld world = await StartAsync(memory => around = new StoreAround(memory));
        TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource hold = new(TaskCreationOptions.RunContinuationsAsynchronously);
        around!.BeforeDelete = () =>
        {
            around.BeforeDelete = null;
            reached.TrySetResult();
            return hold.Task;
        };
        Task<bool> deleting = world.Spaces.DeleteAsync(Plans, Alice, default).AsTask();
        await reached.Task.WaitAsync(Patience);
        Task<AddSpaceOutcome> creating = world.Spaces.CreateAsync(new SpaceRecord(Plans, "Again", world.Time.GetUtcNow()), Alice, 10, default).AsTask();
        hold.SetResult();
        Assert.True(await deleting.WaitAsync(Patience));
        Assert.Equal(AddSpaceOutcome.Added, await creating.WaitAsync(Patience));
        await world.JudgedAsync(Alice, world.Note("a", 1));
        Assert.Single(await world.LogAsync());
    }
}
