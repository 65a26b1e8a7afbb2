import Foundation
import Testing
import Viseme

/// Cancelling a task stops polling: the mock server's journal shows no more polls.
@Suite struct CancellationTests {
    let world: World
    let client: Client

    init() throws {
        world = try World()
        client = try world.client(every: .milliseconds(50))
    }

    /// Stops the clock of the world: jobs do not end, so only a cancellation ends polling.
    private func stopClock() async throws {
        try await world.server.clock(#"{"mode": "manual"}"#)
    }

    private func waitForAPoll() async throws {
        while try await world.server.polls() == 0 { try await Task.sleep(for: .milliseconds(20)) }
    }

    /// Waits thirty times as long as the pause between two polls.
    private func expectNoMorePolls() async throws {
        // A request in transit may still arrive.
        try await Task.sleep(for: .milliseconds(500))
        let polls = try await world.server.polls()
        try await Task.sleep(for: .milliseconds(1500))
        #expect(try await world.server.polls() == polls)
    }

    private func expectStops(_ work: @escaping @Sendable () async throws -> Void) async throws {
        let task = Task { try await work() }
        try await waitForAPoll()
        task.cancel()
        try await expectNoMorePolls()
        // If it continued after all, it would now end without an error.
        try await world.server.clock(#"{"advance": "60s"}"#)
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func cancellingAWaitStopsPollingAndTheJobContinues() async throws {
        try await stopClock()
        let job = try await client.submit(world.input)
        try await expectStops { _ = try await job.wait() }
        #expect(try await job.wait().status == .completed)
    }

    @Test func cancellingARunStopsPolling() async throws {
        try await stopClock()
        let open = OpenJobs()
        let client = try Client(world.settings(every: .milliseconds(50)), onOpenJob: open.add)
        let input = world.input
        try await expectStops { _ = try await client.run(input) }
        // The job that the run leaves open can be resumed.
        guard case .accepted(let id) = open.all.first else {
            Issue.record("no open job: \(open.all)")
            return
        }
        #expect(try await client.job(id).wait().status == .completed)
    }

    @Test func cancellingDuringTheSubmitReturnsItsRecord() async throws {
        try await world.server.fault(
            #"{"at": "submit", "nth": 1, "when": "after_accept", "do": "silence"}"#)
        let open = OpenJobs()
        let client = try Client(world.settings(every: .milliseconds(50)), onOpenJob: open.add)
        let input = world.input
        let task = Task { try await client.run(input) }
        while try await !world.server.ledger().contains("\"job_id\"") {
            try await Task.sleep(for: .milliseconds(20))
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        guard case .sent(let record) = open.all.first else {
            Issue.record("no record: \(open.all)")
            return
        }
        #expect(try await client.recover(record).wait().status == .completed)
    }

    @Test func cancellingAnIterationStopsPolling() async throws {
        try await stopClock()
        let job = try await client.submit(world.input)
        try await expectStops { for try await _ in job.updates() {} }
    }

    @Test func leavingAnIterationStopsPolling() async throws {
        try await stopClock()
        let job = try await client.submit(world.input)
        for try await _ in job.updates() { break }
        try await expectNoMorePolls()
    }

    @Test func aCancelledTaskSendsNothing() async throws {
        let (client, input) = (client, world.input)
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            _ = try await client.run(input)
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(try await !world.server.journal().contains("\"method\""))
    }
}

/// The jobs that cancelled operations leave open.
private final class OpenJobs: @unchecked Sendable {
    private let lock = NSLock()
    private var jobs: [OpenJob] = []

    var all: [OpenJob] { lock.withLock { jobs } }

    @Sendable func add(_ job: OpenJob) {
        lock.withLock { jobs.append(job) }
    }
}
