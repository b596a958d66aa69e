package desk.intake;

import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** A sound submission with its envelope and the record that brought it. */
record Received(
        UUID inquiryId,
        String source,
        String id,
        String correlationId,
        String traceparent,
        String digest,
        Submission submission,
        ConsumerRecord<String, byte[]> record) {

    /** The identity by which consumers deduplicate. */
    String messageId() {
        return source + " " + id;
    }
}
