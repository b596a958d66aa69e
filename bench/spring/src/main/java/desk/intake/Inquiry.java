package desk.intake;

import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import org.springframework.data.annotation.Id;
import org.springframework.data.mongodb.core.index.Indexed;
import org.springframework.data.mongodb.core.mapping.Document;
import org.springframework.data.mongodb.core.mapping.Field;

/** An inquiry's record: where it stands, and every message that it answered with its events. */
@Document("inquiry")
record Inquiry(@Id String id, int version, State state, List<Entry> history) {

    /** Whether this very submission opened it, and not another one under the same id. */
    boolean openedBy(Received received) {
        return history.stream().anyMatch(entry -> entry.answers(received));
    }

    record State(
            String inquiryId,
            String status,
            String customerId,
            String kind,
            @Indexed(name = "reference_1") String reference,
            String language,
            String queue,
            List<ContractProgress> contracts,
            OffsetDateTime openedAt,
            OffsetDateTime answerDueAt,
            @Field(write = Field.Write.ALWAYS) String closedBy,
            boolean questionOpen,
            boolean unreachable,
            @Field(write = Field.Write.ALWAYS) String follows,
            boolean closes) {

        static State of(InquiryOpened opened) {
            return new State(
                    opened.inquiryId(),
                    "open",
                    opened.customerId(),
                    opened.kind(),
                    opened.reference(),
                    opened.language(),
                    opened.queue(),
                    opened.contractNumbers().stream().map(ContractProgress::pending).toList(),
                    opened.openedAt(),
                    opened.answerDueAt(),
                    null,
                    false,
                    false,
                    null,
                    false);
        }
    }

    record ContractProgress(String contractNumber, String status, int sequence) {

        static ContractProgress pending(String contractNumber) {
            return new ContractProgress(contractNumber, "pending", 0);
        }
    }

    record Entry(
            String messageId,
            String digest,
            String topic,
            int partition,
            long offset,
            Instant at,
            String causationId,
            String correlationId,
            String traceparent,
            List<Event> events) {

        boolean answers(Received received) {
            return messageId.equals(received.messageId()) && digest.equals(received.digest());
        }
    }

    /** An event as it is published; its data is kept as its JSON says it. */
    record Event(@Field("id") String id, String type, org.bson.Document data) {}
}
