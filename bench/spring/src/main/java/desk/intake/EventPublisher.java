package desk.intake;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Headers;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;

/** Hands events and dead letters to Kafka, and waits for its acknowledgements. */
@Component
class EventPublisher {

    static final String SOURCE = "/services/inquiry_intake";

    private final KafkaTemplate<String, byte[]> kafka;
    private final JsonMapper json;

    EventPublisher(KafkaTemplate<String, byte[]> kafka, JsonMapper json) {
        this.kafka = kafka;
        this.json = json;
    }

    /** Send all events of a new inquiry; of one that is there already, the same again. */
    List<CompletableFuture<?>> send(Inquiry inquiry) {
        List<CompletableFuture<?>> sent = new ArrayList<>();
        for (Inquiry.Entry entry : inquiry.history()) {
            for (Inquiry.Event event : entry.events()) {
                sent.add(kafka.send(record(inquiry.id(), entry, event)));
            }
        }
        return sent;
    }

    /** Send a record to the dead letters, untouched, with its origin and what is wrong with it. */
    CompletableFuture<?> sendDeadLetter(
            ConsumerRecord<String, byte[]> record, InvalidSubmission fault) {
        var letter =
                new ProducerRecord<>(
                        "desk.dead-letters", null, record.key(), record.value(), record.headers());
        Headers headers = letter.headers();
        put(headers, "dl_topic", record.topic());
        put(headers, "dl_partition", Integer.toString(record.partition()));
        put(headers, "dl_offset", Long.toString(record.offset()));
        put(headers, "dl_service", "inquiry_intake");
        put(headers, "dl_reason", fault.reason());
        put(headers, "dl_error", fault.getMessage());
        put(headers, "dl_at", Instant.now().toString());
        return kafka.send(letter);
    }

    /** Return once Kafka has acknowledged all; fails where one failed, for all to be sent again. */
    void await(Collection<CompletableFuture<?>> sent) {
        kafka.flush();
        CompletableFuture.allOf(sent.toArray(CompletableFuture[]::new)).join();
    }

    private ProducerRecord<String, byte[]> record(
            String inquiryId, Inquiry.Entry entry, Inquiry.Event event) {
        byte[] value = json.writeValueAsBytes(event.data());
        var record = new ProducerRecord<>(topicOf(event), keyOf(event), value);
        Headers headers = record.headers();
        put(headers, "ce_specversion", "1.0");
        put(headers, "ce_id", event.id());
        put(headers, "ce_source", SOURCE);
        put(headers, "ce_type", event.type());
        put(headers, "ce_time", entry.at().toString());
        put(headers, "ce_subject", inquiryId);
        put(headers, "content-type", "application/json");
        put(headers, "ce_correlationid", entry.correlationId());
        put(headers, "ce_causationid", entry.causationId());
        if (entry.traceparent() != null) {
            put(headers, "traceparent", entry.traceparent());
        }
        return record;
    }

    private static String topicOf(Inquiry.Event event) {
        return switch (event.type()) {
            case InquiryOpened.TYPE -> "desk.inquiries";
            case CancellationRequested.TYPE -> "desk.cancellation-requests";
            default -> throw new IllegalArgumentException(event.type());
        };
    }

    private static String keyOf(Inquiry.Event event) {
        boolean opened = event.type().equals(InquiryOpened.TYPE);
        return event.data().getString(opened ? "inquiry_id" : "contract_number");
    }

    private static void put(Headers headers, String name, String value) {
        headers.add(name, value.getBytes(UTF_8));
    }
}
