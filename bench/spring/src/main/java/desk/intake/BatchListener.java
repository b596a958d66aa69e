package desk.intake;

import static org.springframework.data.mongodb.core.query.Criteria.where;
import static org.springframework.data.mongodb.core.query.Query.query;

import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.springframework.context.annotation.Profile;
import org.springframework.data.mongodb.core.BulkOperations.BulkMode;
import org.springframework.data.mongodb.core.MongoTemplate;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.stereotype.Component;

/**
 * All submissions of a poll together: two reads, one bulk write and one wait for Kafka. Their
 * offsets are committed when all are stored and published.
 */
@Component
@Profile("batch")
class BatchListener {

    private final SubmissionReader reader;
    private final InquiryOpening opening;
    private final MongoTemplate mongo;
    private final EventPublisher publisher;

    BatchListener(
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
    void onSubmissions(List<ConsumerRecord<String, byte[]>> records) {
        List<CompletableFuture<?>> sent = new ArrayList<>();
        Map<String, Received> submitted = new LinkedHashMap<>();
        for (ConsumerRecord<String, byte[]> record : records) {
            try {
                Received received = reader.read(record);
                Received first = submitted.putIfAbsent(received.inquiryId().toString(), received);
                if (first != null && !first.digest().equals(received.digest())) {
                    throw new InvalidSubmission("unreadable", "id_reused");
                }
            } catch (InvalidSubmission fault) {
                sent.add(publisher.sendDeadLetter(record, fault));
            }
        }

        Map<String, Inquiry> stored = stored(submitted);
        submitted.forEach(
                (id, received) -> {
                    if (stored.get(id).openedBy(received)) {
                        sent.addAll(publisher.send(stored.get(id)));
                    } else {
                        var fault = new InvalidSubmission("unreadable", "id_reused");
                        sent.add(publisher.sendDeadLetter(received.record(), fault));
                    }
                });
        publisher.await(sent);
    }

    /** The inquiry of each submission, by its id: those that were there, and the new ones. */
    private Map<String, Inquiry> stored(Map<String, Received> submitted) {
        Map<String, Inquiry> inquiries = inquiries(submitted.keySet());
        List<Inquiry> opened = opened(submitted, inquiries.keySet());
        if (!opened.isEmpty()) {
            mongo.bulkOps(BulkMode.UNORDERED, Inquiry.class).insert(opened).execute();
        }
        opened.forEach(inquiry -> inquiries.put(inquiry.id(), inquiry));
        return inquiries;
    }

    private List<Inquiry> opened(Map<String, Received> submitted, Collection<String> known) {
        var newIds = new ArrayList<>(submitted.keySet());
        newIds.removeAll(known);
        List<Received> news = newIds.stream().map(submitted::get).toList();
        Map<String, Contact> profiles = profiles(news);
        OffsetDateTime now = InquiryOpening.now();
        return news.stream()
                .map(one -> opening.open(one, profiles.get(one.submission().customerId()), now))
                .toList();
    }

    private Map<String, Inquiry> inquiries(Collection<String> ids) {
        Map<String, Inquiry> found = new HashMap<>();
        if (!ids.isEmpty()) {
            mongo.find(query(where("_id").in(ids)), Inquiry.class)
                    .forEach(inquiry -> found.put(inquiry.id(), inquiry));
        }
        return found;
    }

    private Map<String, Contact> profiles(List<Received> news) {
        Map<String, Contact> found = new HashMap<>();
        if (!news.isEmpty()) {
            var ids = news.stream().map(one -> one.submission().customerId()).distinct().toList();
            mongo.find(query(where("_id").in(ids)), Customer.class)
                    .forEach(customer -> found.put(customer.id(), customer.contact()));
        }
        return found;
    }
}
