import Foundation
import Viseme

extension VisemeError {
    /// The sentence to show to the user: the one of your backend if it refused a request, without the
    /// client's advice, which is for the owner of an API key.
    var sentenceForUser: String {
        struct Answer: Decodable {
            let message: String
        }
        let answer = try? JSONDecoder().decode(Answer.self, from: Data((info.body ?? "").utf8))
        return answer?.message ?? info.message
    }
}
