package desk.intake;

import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.springframework.context.annotation.Profile;
import org.springframework.data.mongodb.core.MongoTemplate;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.stereotype.Component;

/** One submission at a time; its offset is committed when it is stored and published. */
@Component
@Profile("record")
class RecordListener {

    private final SubmissionReader reader;
    private final InquiryOpening opening;
    private final MongoTemplate mongo;
    private final EventPublisher publisher;

    RecordListener(
            SubmissionReader reader,
            InquiryOpening opening,
            MongoTemplate mongo,
            EventPublisher publisher) {
        this.reader = reader;
        this.opening = opening;
        this.mongo = mongo;
        this.publisher = publisher;
    }

    @KafkaListener(topics = "desk.submissions")
    void onSubmission(ConsumerRecord<String, byte[]> record) {
        try {
            publisher.await(publisher.send(stored(reader.read(record))));
        } catch (InvalidSubmission fault) {
            publisher.await(List.of(publisher.sendDeadLetter(record, fault)));
        }
    }

    private Inquiry stored(Received received) throws InvalidSubmission {
        Inquiry known = mongo.findById(received.inquiryId().toString(), Inquiry.class);
        if (known == null) {
            return mongo.insert(opening.open(received, profileOf(received), InquiryOpening.now()));
        }
        if (!known.openedBy(received)) {
            throw new InvalidSubmission("unreadable", "id_reused");
        }
        return known;
    }

    private Contact profileOf(Received received) {
        Customer customer = mongo.findById(received.submission().customerId(), Customer.class);
        return customer == null ? null : customer.contact();
    }
}
