using Syncline.Bench.Harness;
using Syncline.Bench.Spaces;
using Syncline.Bench.Storage;
using Syncline.Bench.Tree;

// The first process measures nothing: it starts a fresh one for each measurement, ours and the peers', and prints their medians.
IReadOnlyList<IArea> areas =
[
    new TreeArea(),
    new StorageArea(),
    new SpacesArea(),
];
return await Bench.RunAsync(areas, args);
