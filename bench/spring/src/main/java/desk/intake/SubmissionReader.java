package desk.intake;

import static java.nio.charset.StandardCharsets.UTF_8;

import jakarta.validation.ConstraintViolation;
import jakarta.validation.Validator;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.springframework.stereotype.Component;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** CloudEvents in Kafka's binary content mode: a raw record in, a sound submission out. */
@Component
class SubmissionReader {

    private final JsonMapper json;
    private final Validator validator;

    SubmissionReader(JsonMapper json, Validator validator) {
        this.json = json;
        this.validator = validator;
    }

    Received read(ConsumerRecord<String, byte[]> record) throws InvalidSubmission {
        if (!Submission.TYPE.equals(needed(record, "ce_type"))) {
            throw new InvalidSubmission("unknown_type", "only cancellations are read here");
        }
        String source = needed(record, "ce_source");
        String id = needed(record, "ce_id");
        String correlationId = header(record, "ce_correlationid");
        Submission submission = submission(record.value());
        return new Received(
                Identity.ofMessage(source, id),
                source,
                id,
                correlationId != null ? correlationId : id,
                header(record, "traceparent"),
                Identity.digest(record.value()),
                submission,
                record);
    }

    private Submission submission(byte[] body) throws InvalidSubmission {
        Submission submission = parsed(body);
        Set<ConstraintViolation<Submission>> faults = validator.validate(submission);
        if (!faults.isEmpty()) {
            throw new InvalidSubmission(
                    "unreadable",
                    faults.stream()
                            .map(fault -> fault.getPropertyPath() + ": " + fault.getMessage())
                            .sorted()
                            .collect(Collectors.joining("; ")));
        }
        return submission;
    }

    private Submission parsed(byte[] body) throws InvalidSubmission {
        try {
            Submission submission = body == null ? null : json.readValue(body, Submission.class);
            if (submission != null) {
                return submission;
            }
        } catch (JacksonException fault) {
            throw new InvalidSubmission("unreadable", fault.getOriginalMessage());
        }
        throw new InvalidSubmission("unreadable", "no value");
    }

    private static String needed(ConsumerRecord<?, ?> record, String name)
            throws InvalidSubmission {
        String value = header(record, name);
        if (value == null || value.isEmpty()) {
            throw new InvalidSubmission("unreadable", "header " + name + " is missing");
        }
        return value;
    }

    private static String header(ConsumerRecord<?, ?> record, String name) {
        Header header = record.headers().lastHeader(name);
        return header == null || header.value() == null ? null : new String(header.value(), UTF_8);
    }
}
