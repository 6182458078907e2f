"""The map: how an article travels, step by step.

    source ──take_in──▶ article ──triggers──▶ stale set ──sequence──▶ feeds ──build──▶ feeds/
                                                                        │             │
                                                                        │    partners ◀──drive
        clock: an edition is due ──cut──▶ edition ──compose──▶ variants ──deliver──▶ inboxes

Data only flows forward, and every step can be run again with the same result:

- `take_in` (intake) puts what a source holds into the store: new, changed or unchanged;
- `sequence` (sequencer) takes the stale set, completes rows that other programs wrote, and places
  each article in its feeds;
- `build` (build) writes the documents of every feed whose version is ahead of its files;
- `drive` (at_once) sends what has changed to callbacks, asks callbacks whether they mean a request,
  and tells hubs elsewhere (websub, hub, pings);
- `index` (search_index) takes what the change log says into the search index;
- `advance` (editions) holds the edition that will be due, and cuts the one that is, from what the
  list has not had;
- `prepare` (press) composes each variant once and gives every reader a row in the ledger, `deliver`
  (sending) sends by it;
- `correct` and `retract` (corrections) tell those who were sent the wrong text.
"""
