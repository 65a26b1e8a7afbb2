import Foundation
import Testing
import Viseme

/// Cancelling a task stops the polling, as the mock server's journal shows.
@Suite struct CancellationTests {
    let world: World
    let client: Client

    init() throws {
        world = try World()
        client = try world.client(every: .milliseconds(50))
    }

    /// A world in which jobs do not end by themselves, so only a cancellation can end the polling.
    private func stopClock() async throws {
        try await world.server.clock(#"{"mode": "manual"}"#)
    }

    private func polledOnce() async throws {
        while try await world.server.polls() == 0 { try await Task.sleep(for: .milliseconds(20)) }
    }

    /// Thirty times the pause between two polls.
    private func expectNoMorePolls() async throws {
        // A request that was on its way may still arrive.
        try await Task.sleep(for: .milliseconds(500))
        let polls = try await world.server.polls()
        try await Task.sleep(for: .milliseconds(1500))
        #expect(try await world.server.polls() == polls)
    }

    private func expectStops(_ work: @escaping @Sendable () async throws -> Void) async throws {
        let task = Task { try await work() }
        try await polledOnce()
        task.cancel()
        try await expectNoMorePolls()
        // Where it goes on all the same, it ends now, and without an error.
        try await world.server.clock(#"{"advance": "60s"}"#)
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func ofAWaitAndNotTheJob() async throws {
        try await stopClock()
        let job = try await client.submit(world.input)
        try await expectStops { _ = try await job.wait() }
        #expect(try await job.wait().status == .completed)
    }

    @Test func ofARun() async throws {
        try await stopClock()
        let (client, input) = (client, world.input)
        try await expectStops { _ = try await client.run(input) }
    }

    @Test func ofAnIteration() async throws {
        try await stopClock()
        let job = try await client.submit(world.input)
        try await expectStops { for try await _ in job.updates() {} }
    }

    @Test func anIterationThatIsLeftStopsPolling() async throws {
        try await stopClock()
        let job = try await client.submit(world.input)
        for try await _ in job.updates() { break }
        try await expectNoMorePolls()
    }

    @Test func aTaskThatIsCancelledAlreadySendsNothing() async throws {
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
